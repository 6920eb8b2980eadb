-- How fresh each tenant's usage is; its newest call, the projection organizers_seen answers.
SELECT
    l.tenant_id                     AS tenant_id,
    if(t.name = '', l.tenant_id, t.name) AS tenant,
    max(l.at)                       AS stored_at,
    uniqExact(l.content_hash)       AS files,
    toDateTime(max(n.last), 'UTC')  AS newest_call
FROM ingest_ledger AS l
LEFT JOIN tenants AS t ON t.tenant_id = l.tenant_id
LEFT JOIN
(
    SELECT tenant_id, max(last) AS last
    FROM (SELECT tenant_id, organizer_id, max(started_at) AS last FROM usage_revisions GROUP BY tenant_id, organizer_id)
    GROUP BY tenant_id
) AS n ON n.tenant_id = l.tenant_id
GROUP BY tenant_id, tenant
ORDER BY lowerUTF8(tenant), tenant_id
