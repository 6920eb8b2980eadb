-- What some organizers of a tenant are called.
SELECT organizer_id, if(name = '', upn, name) AS name
FROM organizers
WHERE tenant_id = {tenant_id:String} AND organizer_id IN ({organizers:Array(String)})
