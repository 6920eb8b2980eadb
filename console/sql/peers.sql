-- What the others of a tenant used each day: the sums of all revisions, which the projection
-- by_organizer_day answers, less the revisions that a newer one replaced, found by their hash.
WITH
    replaced AS
    (
        SELECT tenant_id, cityHash64(id) AS key, max(newest) AS last
        FROM
        (
            SELECT
                tenant_id,
                if(revision > 0, usage_id, '')                                      AS id,
                if(revision > 0, replaces_started_at, toDateTime64(0, 7, 'UTC'))    AS at,
                max(revision)                                                       AS newest
            FROM usage_revisions
            WHERE tenant_id = {tenant_id:String}
            GROUP BY tenant_id, id, at
        )
        GROUP BY tenant_id, key
        HAVING last > 0 AND countIf(at >= {from:DateTime} AND at < {to:DateTime}) > 0
    )
SELECT
    toDateTime(day, 'UTC')                      AS day,
    toInt64(count())                            AS organizers,
    toInt64(quantileExact(0.5)(used))           AS usual,
    toInt64(quantileExact(0.95)(used))          AS high
FROM
(
    SELECT day, k, sum(c) AS calls, sum(s) AS used
    FROM
    (
        SELECT toDate(started_at) AS day, organizer_id AS k, toInt64(count()) AS c, toInt64(sum(seconds)) AS s
        FROM usage_revisions
        WHERE is_conf_out
          AND toDate(started_at) >= toDate({from:DateTime}) AND toDate(started_at) < toDate({to:DateTime})
          AND tenant_id = {tenant_id:String}
        GROUP BY day, k
        UNION ALL
        SELECT toDate(u.started_at) AS day, u.organizer_id AS k, -toInt64(count()) AS c, -toInt64(sum(u.seconds)) AS s
        FROM
        (
            SELECT tenant_id, usage_key, revision, organizer_id, seconds, started_at
            FROM usage_revisions
            PREWHERE usage_key IN (SELECT key FROM replaced)
            WHERE (SELECT count() FROM replaced) > 0
              AND is_conf_out
              AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
              AND tenant_id = {tenant_id:String}
        ) AS u
        INNER JOIN replaced AS r ON r.tenant_id = u.tenant_id AND r.key = u.usage_key
        WHERE u.revision < r.last
        GROUP BY day, k
    )
    WHERE k != {organizer_id:String} AND k != ''
    GROUP BY day, k
    HAVING calls > 0
)
GROUP BY day
ORDER BY day
LIMIT 400
