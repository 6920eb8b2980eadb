SELECT
    usage_id,
    toDateTime(started_at, 'UTC')   AS at,
    toInt64(seconds)                AS seconds,
    callee_number,
    destination_country,
    call_id
FROM usage
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
  AND usage_id IN {usage_ids:Array(String)}
ORDER BY at, usage_id
LIMIT 1000
