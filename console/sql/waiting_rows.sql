-- How many rejected rows of each tenant nobody has decided on.
SELECT tenant_id::String AS tenant_id, toInt64(uniqExact(rejection_id)) AS rows
FROM quarantine
WHERE (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
  AND rejection_id NOT IN (SELECT toUUIDOrZero(subject) FROM journal_events WHERE stream = 'quarantine')
GROUP BY tenant_id
