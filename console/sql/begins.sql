-- When an organizer's calls began, from the projection by_organizer: it has no more that is shown.
SELECT DISTINCT toString(started_at) AS at
FROM usage_revisions
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
  AND usage_id IN {usage_ids:Array(String)}
  AND (usage_id, revision) NOT IN
  (
      SELECT if(revision > 0, usage_id, '') AS id, arrayJoin(range(0, max(revision)))::UInt16
      FROM usage_revisions
      WHERE tenant_id = {tenant_id:String} AND if(revision > 0, usage_id, '') IN {usage_ids:Array(String)}
      GROUP BY tenant_id, id
  )
LIMIT 1000
