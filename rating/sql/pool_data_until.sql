-- The span of calls of any kind that are known of each tenant: a day after it is not a
-- quiet one, but one that is not known yet.
SELECT tenant_id, min(started_at) AS first, max(started_at) AS last
FROM usage_revisions
WHERE started_at >= {from:DateTime64(7, 'UTC')} AND started_at < {at:DateTime64(7, 'UTC')}
  AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
GROUP BY tenant_id
