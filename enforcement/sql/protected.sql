-- Organizers who are named on the protected list by their sign-in name: by the directory and,
-- whom it does not know, by their calls since.
SELECT tenant_id, organizer_id, upn
FROM organizers
WHERE lowerUTF8(upn) IN {names:Array(String)}
UNION ALL
SELECT DISTINCT tenant_id, organizer_id, organizer_upn AS upn
FROM usage_revisions
WHERE started_at >= {since:DateTime64(3, 'UTC')}
  AND organizer_id != ''
  AND lowerUTF8(organizer_upn) IN {names:Array(String)}
  AND (tenant_id, organizer_id) NOT IN (SELECT tenant_id, organizer_id FROM organizers)
