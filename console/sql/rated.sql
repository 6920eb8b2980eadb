SELECT
    toDateTime(r.month, 'UTC')                      AS month,
    toInt64(count())                                AS tenants,
    toDateTime(max(r.finished_at), 'UTC')           AS at,
    toInt64(countIf(c.kind = 'closed'))             AS closed,
    toInt64(sum(r.seconds))                         AS seconds
FROM rating_current AS r
LEFT JOIN
(
    SELECT subject, argMax(kind, version) AS kind
    FROM journal_events
    WHERE stream = 'close'
    GROUP BY subject
) AS c ON c.subject = concat(formatDateTime(r.month, '%Y-%m'), '/', r.tenant_id)
WHERE empty({tenants:Array(String)}) OR has({tenants:Array(String)}, r.tenant_id::String)
GROUP BY month
ORDER BY month DESC
LIMIT 120
