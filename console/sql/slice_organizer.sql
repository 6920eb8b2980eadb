-- The sums of all revisions, which the projection by_organizer_day answers, less the revisions
-- that newer ones replaced.
-- Names, from the projection organizers_seen, are of those shown alone.
WITH
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
            FROM replaced_usage
            WHERE is_conf_out
              AND toDate(started_at) >= toDate({from:DateTime}) AND toDate(started_at) < toDate({to:DateTime})
              AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
              AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
            GROUP BY k
        )
        GROUP BY k
        HAVING calls > 0
        ORDER BY seconds DESC, k
        LIMIT {limit:UInt64} OFFSET {offset:UInt64}
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
