-- The tenants that have called in the time of a pass, and roughly how much there is of each.
SELECT tenant_id, count() AS calls
FROM usage_revisions
WHERE is_conf_out
  AND started_at >= {history:DateTime64(3)} AND started_at < {to:DateTime64(3)}
  AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id))
GROUP BY tenant_id
ORDER BY tenant_id
