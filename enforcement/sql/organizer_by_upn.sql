-- Whose sign-in name this is, by the directory, without regard to case. The name is looked
-- for in all snapshots, which is quick, and must then be the newest one of its organizer.
SELECT tenant_id, organizer_id, upn
FROM organizers
WHERE (tenant_id, organizer_id) IN
(
    SELECT tenant_id, organizer_id
    FROM snapshot_organizers
    WHERE lowerUTF8(upn) = lowerUTF8({organizer:String})
)
AND lowerUTF8(upn) = lowerUTF8({organizer:String})
ORDER BY tenant_id, organizer_id
