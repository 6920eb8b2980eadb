-- Organizers who are named on the protected list by their sign-in name.
SELECT tenant_id, organizer_id, upn
FROM organizers
WHERE lowerUTF8(upn) IN {names:Array(String)}
