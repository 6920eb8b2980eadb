-- Rejected rows of tenants that nobody has decided on and that may be of a month: by the
-- dates in them, or because no date can be read.
SELECT tenant_id::String AS tenant_id, count() AS rows
FROM
(
    SELECT
        tenant_id, rejection_id,
        any(arrayMap(d -> toDate32OrNull(d), extractAll(raw, '[0-9]{4}-[0-9]{2}-[0-9]{2}'))) AS dates
    FROM quarantine
    WHERE tenant_id IN ({tenants:Array(String)})
    GROUP BY tenant_id, rejection_id
) AS q
WHERE (empty(dates) OR arrayExists(d -> d IS NULL OR (d >= {first:Date32} AND d <= {last:Date32}), dates))
  AND toString(rejection_id) NOT IN (SELECT subject FROM journal_events WHERE stream = 'quarantine')
GROUP BY tenant_id
ORDER BY tenant_id
