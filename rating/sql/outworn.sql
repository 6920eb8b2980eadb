-- What was worked out ahead of a tenant-month and was worked out twice since.
SELECT tenant_id, month, work_id AS run_id
FROM
(
    SELECT tenant_id, month, work_id, 'compared' AS kind, max(stored_at) AS at FROM compared_lines GROUP BY tenant_id, month, work_id
    UNION ALL
    SELECT tenant_id, month, work_id, 'leak' AS kind, max(stored_at) AS at FROM leak_organizers GROUP BY tenant_id, month, work_id
)
WHERE (tenant_id, month, kind, work_id) NOT IN
(
    SELECT tenant_id, month, kind, work_id
    FROM
    (
        SELECT tenant_id, month, work_id, 'compared' AS kind, max(stored_at) AS at FROM compared_lines GROUP BY tenant_id, month, work_id
        UNION ALL
        SELECT tenant_id, month, work_id, 'leak' AS kind, max(stored_at) AS at FROM leak_organizers GROUP BY tenant_id, month, work_id
    )
    ORDER BY tenant_id, month, kind, at DESC, work_id
    LIMIT 2 BY tenant_id, month, kind
)
  AND at < {before:DateTime64(6, 'UTC')}
ORDER BY tenant_id, month, work_id
