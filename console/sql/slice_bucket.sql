-- What counts is the newest run of a tenant-month. Of a call a bucket has one row, so rows are calls; the projection by_bucket answers.
SELECT
    bucket::String AS name,
    '' AS label,
    toInt64(count()) AS calls,
    toInt64(sum(seconds)) AS seconds
FROM rating_rows
WHERE run_id IN (SELECT run_id FROM rating_current)
  AND toDate(started_at) >= toDate({from:DateTime}) AND toDate(started_at) < toDate({to:DateTime})
  AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
  AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
GROUP BY name
ORDER BY seconds DESC, name
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
