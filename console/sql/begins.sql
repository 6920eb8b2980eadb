-- When an organizer's calls began, from the projection by_organizer: it has no more that is shown.
SELECT DISTINCT toString(started_at) AS at
FROM usage
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
  AND usage_id IN {usage_ids:Array(String)}
LIMIT 1000
