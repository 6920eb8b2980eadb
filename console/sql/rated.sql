-- The months that are rated: of a closed tenant-month what it was closed with, whatever has
-- been rated since.
SELECT
    toDateTime(r.month, 'UTC')                      AS month,
    toInt64(count())                                AS tenants,
    toDateTime(max(r.finished_at), 'UTC')           AS at,
    toInt64(countIf(c.kind = 'closed'))             AS closed,
    toInt64(sum(if(c.kind = 'closed', f.seconds, r.seconds))) AS seconds
FROM rating_current AS r
LEFT JOIN
(
    SELECT subject, argMax(kind, version) AS kind, toUUIDOrZero(JSONExtractString(argMax(body, version), 'run_id')) AS run_id
    FROM
    (
        -- As journal_events, of one stream alone.
        SELECT subject, version, kind, body
        FROM journal
        WHERE stream = 'close'
        ORDER BY subject, version, _block_number, event_id
        LIMIT 1 BY subject, version
    )
    GROUP BY subject
) AS c ON c.subject = concat(formatDateTime(r.month, '%Y-%m'), '/', r.tenant_id)
LEFT JOIN
(
    SELECT run_id, any(rating_runs.seconds) AS seconds FROM rating_runs GROUP BY run_id
) AS f ON f.run_id = c.run_id
WHERE empty({tenants:Array(String)}) OR has({tenants:Array(String)}, r.tenant_id::String)
GROUP BY month
ORDER BY month DESC
LIMIT 120
