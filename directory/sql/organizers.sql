SELECT organizer_id, upn, name, usage_location, enabled
FROM organizers
WHERE tenant_id = {tenant_id:String}
ORDER BY name, organizer_id
