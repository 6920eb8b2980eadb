-- The calls that prove findings, by the key of the table: when they began is known.
SELECT
    usage_id,
    toDateTime(started_at, 'UTC')   AS at,
    toInt64(seconds)                AS seconds,
    callee_number,
    destination_country,
    call_id
FROM usage_revisions
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND started_at IN (SELECT arrayJoin({begins:Array(DateTime64(7, 'UTC'))}))
  AND usage_id IN {usage_ids:Array(String)}
  AND (usage_id, revision) NOT IN
  (
      SELECT if(revision > 0, usage_id, '') AS id, arrayJoin(range(0, max(revision)))::UInt16
      FROM usage_revisions
      WHERE tenant_id = {tenant_id:String} AND if(revision > 0, usage_id, '') IN {usage_ids:Array(String)}
      GROUP BY tenant_id, id
  )
ORDER BY at, usage_id
LIMIT 1000
