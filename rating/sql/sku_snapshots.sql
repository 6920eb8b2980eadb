-- When a tenant's SKUs were looked at within a span of time.
SELECT DISTINCT snapshot_at
FROM directory_snapshots
WHERE tenant_id = {tenant:String} AND kind IN ('skus', 'skus_seen')
  AND snapshot_at >= {from:DateTime64(7, 'UTC')} AND snapshot_at < {to:DateTime64(7, 'UTC')}
ORDER BY snapshot_at
