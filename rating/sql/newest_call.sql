-- When the newest call of any kind began, which the projection organizers_seen answers.
SELECT max(last) AS last
FROM
(
    SELECT tenant_id, organizer_id, max(started_at) AS last
    FROM usage_revisions
    GROUP BY tenant_id, organizer_id
)
