-- When each tenant's newest call of any kind began, which the projection organizers_seen answers.
SELECT tenant_id, max(last) AS last
FROM
(
    SELECT tenant_id, organizer_id, max(started_at) AS last
    FROM usage_revisions
    WHERE empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)})
    GROUP BY tenant_id, organizer_id
)
GROUP BY tenant_id
