-- Calls of tenant-months that their runs do not have as they are now.
SELECT tenant_id, count() AS calls, sum(u.seconds) AS seconds
FROM usage_revisions AS u
WHERE tenant_id IN {tenants:Array(String)}
  AND started_at >= {from:DateTime64(7, 'UTC')} AND started_at < {to:DateTime64(7, 'UTC')}
  AND is_conf_out
  AND (tenant_id, usage_id, revision) NOT IN
  (
      SELECT tenant_id, usage_id, arrayJoin(range(0, revision))::UInt16
      FROM usage_revisions
      WHERE tenant_id IN {tenants:Array(String)}
        AND revision > 0
        AND replaces_started_at >= {from:DateTime64(7, 'UTC')} AND replaces_started_at < {to:DateTime64(7, 'UTC')}
  )
  AND (tenant_id, usage_id, revision) NOT IN
  (
      SELECT tenant_id, usage_id, revision
      FROM rating_rows
      WHERE tenant_id IN {tenants:Array(String)} AND month = {month:Date} AND run_id IN {runs:Array(UUID)}
  )
GROUP BY tenant_id
ORDER BY tenant_id
