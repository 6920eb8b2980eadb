-- The tenants that have called in the time of a pass, and roughly how much there is of each:
-- by whole days, from the sums by day that the table keeps.
SELECT tenant_id, countIf(is_conf_out OR revision > 0) AS calls
FROM usage_revisions
WHERE toDate(started_at) >= toDate({history:DateTime64(3)}) AND toDate(started_at) <= toDate({to:DateTime64(3)})
  AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id))
GROUP BY tenant_id
HAVING calls > 0
ORDER BY tenant_id
