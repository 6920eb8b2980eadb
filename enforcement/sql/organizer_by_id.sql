-- Whose id this is, by the directory. Ids are GUIDs, but nothing in the store keeps two
-- tenants from having the same one.
SELECT tenant_id, organizer_id, upn
FROM organizers
WHERE organizer_id = {organizer:String}
ORDER BY tenant_id
