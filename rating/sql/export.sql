-- In the order of the table, so that nothing is sorted and rows leave as they are read.
SELECT usage_id, bucket, seconds, ifNull(toString(amount), '') AS amount, currency
FROM rating_rows
WHERE month = {month:Date}
  AND (tenant_id, month, run_id) IN
  (
      SELECT tenant_id, month, run_id
      FROM rating_current
      WHERE month = {month:Date} AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
  )
ORDER BY tenant_id, month, run_id, started_at, usage_id, part
