-- Names, as the directory has them now.
SELECT k.*, o.upn AS upn, o.name AS name
FROM leaked AS k
LEFT JOIN (SELECT organizer_id, upn, name FROM organizers WHERE tenant_id = {tenant:String}) AS o ON o.organizer_id = k.organizer_id
ORDER BY k.seconds DESC, k.organizer_id
