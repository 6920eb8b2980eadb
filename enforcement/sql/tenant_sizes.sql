-- How many organizers each tenant has: those the directory knows and those who have made
-- calls since.
SELECT tenant_id, uniqExact(organizer_id) AS organizers
FROM
(
    SELECT tenant_id, organizer_id
    FROM organizers
    UNION ALL
    SELECT DISTINCT tenant_id, organizer_id
    FROM usage_revisions
    WHERE started_at >= {since:DateTime64(3, 'UTC')} AND is_conf_out AND organizer_id != ''
)
GROUP BY tenant_id
