-- An organizer whom the directory does not know and who has made calls lately. `organizer`
-- is an id or a sign-in name.
SELECT tenant_id, organizer_id, max(organizer_upn) AS upn
FROM usage_revisions
WHERE started_at >= {since:DateTime64(3, 'UTC')}
  AND organizer_id != ''
  AND (organizer_id = {organizer:String} OR lowerUTF8(organizer_upn) = lowerUTF8({organizer:String}))
GROUP BY tenant_id, organizer_id
ORDER BY tenant_id, organizer_id
