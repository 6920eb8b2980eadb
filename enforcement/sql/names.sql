-- Everybody who can be asked about: whom the directory knows, and who has made calls since.
SELECT tenant_id, organizer_id, upn
FROM
(
    SELECT tenant_id, organizer_id, upn
    FROM organizers
    UNION ALL
    SELECT tenant_id, organizer_id, max(organizer_upn) AS upn
    FROM usage_revisions
    WHERE started_at >= {since:DateTime64(3, 'UTC')}
      AND organizer_id != ''
      AND (tenant_id, organizer_id) NOT IN (SELECT tenant_id, organizer_id FROM organizers)
    GROUP BY tenant_id, organizer_id
)
ORDER BY tenant_id, organizer_id
