-- In the order of the table, so that nothing is sorted and rows leave as they are read.
SELECT usage_id, bucket, seconds, ifNull(toString(amount), '') AS amount, currency
FROM rating_rows
WHERE month = {month:Date}
  AND (tenant_id, month, run_id) IN
  (
      SELECT tenant_id, month, run_id
      FROM rating_current
      WHERE month = {month:Date} AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
        AND (tenant_id, month) NOT IN (SELECT tenant_id, month FROM rating_runs WHERE run_id IN ({frozen:Array(UUID)}))
      UNION ALL
      SELECT tenant_id, month, run_id FROM rating_runs WHERE run_id IN ({frozen:Array(UUID)})
  )
ORDER BY tenant_id, month, run_id, started_at, usage_id, part
