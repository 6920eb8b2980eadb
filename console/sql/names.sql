-- What the directory calls some tenants (those rows name no organizer) and some of their organizers.
SELECT tenant_id::String AS tenant_id, '' AS organizer_id, name
FROM tenants
WHERE tenant_id IN ({ids:Array(String)})
UNION ALL
SELECT tenant_id::String, organizer_id, if(name = '', upn, name)
FROM organizers
WHERE tenant_id IN ({ids:Array(String)}) AND organizer_id IN ({organizers:Array(String)})
