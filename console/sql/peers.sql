-- What each organizer of a tenant used each day, in the order of amounts: the sums of all revisions,
-- which the projection by_organizer_day answers, less the revisions that newer ones replaced.
SELECT
    toDateTime(day, 'UTC')          AS day,
    arraySort(groupArray(used))     AS used
FROM
(
    SELECT u.day AS day, u.c - r.c AS calls, u.s - r.s AS used
    FROM
    (
        SELECT toDate(started_at) AS day, organizer_id AS k, toInt64(count()) AS c, toInt64(sum(seconds)) AS s
        FROM usage_revisions
        WHERE is_conf_out
          AND toDate(started_at) >= toDate({from:DateTime}) AND toDate(started_at) < toDate({to:DateTime})
          AND tenant_id = {tenant_id:String}
        GROUP BY day, k
        HAVING k != ''
    ) AS u
    LEFT JOIN
    (
        SELECT toDate(started_at) AS day, organizer_id AS k, toInt64(count()) AS c, toInt64(sum(seconds)) AS s
        FROM replaced_usage
        WHERE is_conf_out
          AND toDate(started_at) >= toDate({from:DateTime}) AND toDate(started_at) < toDate({to:DateTime})
          AND tenant_id = {tenant_id:String}
        GROUP BY day, k
    ) AS r ON r.day = u.day AND r.k = u.k
    WHERE calls > 0
)
GROUP BY day
ORDER BY day
LIMIT 400
