SELECT upn, name, usage_location, enabled, toDateTime(seen_at, 'UTC') AS seen_at
FROM organizers
WHERE tenant_id = {tenant_id:String} AND organizer_id = {organizer_id:String}
LIMIT 1
