-- How many rejected rows there are, by reason, as far as a filter leaves them.
SELECT reason, count() AS rows
FROM
(
    SELECT tenant_id, rejection_id, any(quarantine.reason)::String AS reason
    FROM quarantine
    WHERE ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
      AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
      AND ({first:String} = '' OR empty(extractAll(raw, '[0-9]{4}-[0-9]{2}-[0-9]{2}'))
          OR arrayExists(d -> d IS NULL OR (d >= toDate32OrZero({first:String}) AND d <= toDate32OrZero({last:String})),
              arrayMap(d -> toDate32OrNull(d), extractAll(raw, '[0-9]{4}-[0-9]{2}-[0-9]{2}'))))
    GROUP BY tenant_id, rejection_id
)
WHERE {all:Bool} OR toString(rejection_id) NOT IN (SELECT subject FROM journal_events WHERE stream = 'quarantine')
GROUP BY reason
ORDER BY rows DESC, reason
