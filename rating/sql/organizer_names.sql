-- Organizers as the directory has them, of some of some tenants.
SELECT tenant_id, organizer_id, upn, name
FROM organizers
WHERE tenant_id IN ({tenants:Array(String)}) AND organizer_id IN ({organizers:Array(String)})
