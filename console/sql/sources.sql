SELECT
    l.tenant_id                     AS tenant_id,
    if(t.name = '', l.tenant_id, t.name) AS tenant,
    max(l.at)                       AS stored_at,
    uniqExact(l.batch_id)           AS files,
    sum(l.rejected)                 AS rejected
FROM ingest_ledger AS l
LEFT JOIN tenants AS t ON t.tenant_id = l.tenant_id
GROUP BY tenant_id, tenant
ORDER BY stored_at, tenant
LIMIT 200
