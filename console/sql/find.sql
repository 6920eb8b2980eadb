SELECT
    u.tenant_id::String                         AS tenant_id,
    if(t.name = '', tenant_id, t.name)          AS tenant,
    u.usage_id                                  AS usage_id,
    if(u.organizer_name = '', u.organizer_id, u.organizer_name) AS organizer,
    toDateTime(u.started_at, 'UTC')             AS at,
    toInt64(u.seconds)                          AS seconds,
    u.callee_number                             AS callee_number,
    u.destination_country::String               AS destination_country
FROM usage_revisions AS u
LEFT JOIN tenants AS t ON t.tenant_id = u.tenant_id
WHERE u.usage_key = cityHash64({usage_id:String}) AND u.usage_id = {usage_id:String}
  AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, u.tenant_id::String))
ORDER BY tenant_id, u.revision DESC
LIMIT 1 BY tenant_id
LIMIT 50
