-- An organizer's records, from the projection by_organizer: of who has few of them all that is added
-- up is added up of these.
SELECT
    usage_id,
    started_at,
    toInt64(seconds)            AS seconds,
    is_conf_out,
    destination_country::String AS country,
    npa_nxx::String             AS block,
    callee_number               AS number
FROM usage_revisions
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
  AND (usage_id, revision) NOT IN
  (
      SELECT if(revision > 0, usage_id, '') AS id, arrayJoin(range(0, max(revision)))::UInt16
      FROM usage_revisions
      WHERE tenant_id = {tenant_id:String}
      GROUP BY tenant_id, id
  )
