-- The sums of all revisions, which the projection by_organizer_day answers, less the revisions that a
-- newer one replaced, which are few and found by their hash. Names, from the projection organizers_seen, are of those shown alone.
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
            WHERE ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
              AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
            GROUP BY tenant_id, id, at
        )
        GROUP BY tenant_id, key
        HAVING last > 0 AND countIf(at >= {from:DateTime} AND at < {to:DateTime}) > 0
    ),
    largest AS
    (
        SELECT k, sum(c) AS calls, sum(s) AS seconds
        FROM
        (
            SELECT organizer_id AS k, toInt64(count()) AS c, toInt64(sum(seconds)) AS s
            FROM usage_revisions
            WHERE is_conf_out
              AND toDate(started_at) >= toDate({from:DateTime}) AND toDate(started_at) < toDate({to:DateTime})
              AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
              AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
            GROUP BY k
            UNION ALL
            SELECT organizer_id AS k, -toInt64(count()) AS c, -toInt64(sum(seconds)) AS s
            FROM
            (
                SELECT tenant_id, usage_key, revision, organizer_id, seconds
                FROM usage_revisions
                PREWHERE usage_key IN (SELECT key FROM replaced)
                WHERE (SELECT count() FROM replaced) > 0
                  AND is_conf_out
                  AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
                  AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
                  AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
            ) AS u
            INNER JOIN replaced AS r ON r.tenant_id = u.tenant_id AND r.key = u.usage_key
            WHERE u.revision < r.last
            GROUP BY k
        )
        GROUP BY k
        HAVING calls > 0
        ORDER BY seconds DESC, k
        LIMIT 200
    )
SELECT l.k AS name, toString(o.label) AS label, l.calls AS calls, l.seconds AS seconds
FROM largest AS l
LEFT JOIN
(
    SELECT organizer_id, any(seen) AS label
    FROM
    (
        SELECT tenant_id, organizer_id, argMax(organizer_name, started_at) AS seen
        FROM usage_revisions
        WHERE ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
          AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
        GROUP BY tenant_id, organizer_id
    )
    GROUP BY organizer_id
) AS o ON o.organizer_id = l.k
ORDER BY seconds DESC, name
