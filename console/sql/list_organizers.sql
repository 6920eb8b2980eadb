SELECT
    tenant_id::String                   AS tenant_id,
    organizer_id,
    upn, name,
    usage_location::String              AS usage_location,
    enabled,
    toDateTime(seen_at, 'UTC')          AS seen_at
FROM organizers
WHERE (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
  AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
  AND (tenant_id::String, organizer_id) > ({after_tenant:String}, {after:String})
  AND ({text:String} = '' OR positionCaseInsensitiveUTF8(concat(organizer_id, ' ', upn, ' ', name), {text:String}) > 0)
ORDER BY tenant_id::String, organizer_id
LIMIT {limit:UInt64}
