-- Days from each organizer's first call to the last call of its tenant.
SELECT tenant_id, organizer_id, toInt64(dateDiff('day', min(started_at), any(tenant_until))) AS days
FROM
(
    SELECT tenant_id, organizer_id, started_at, max(started_at) OVER (PARTITION BY tenant_id) AS tenant_until
    FROM usage
    WHERE is_conf_out
)
GROUP BY tenant_id, organizer_id
