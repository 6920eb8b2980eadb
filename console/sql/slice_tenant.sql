-- The sums of all revisions, which the projection by_destination answers, less the revisions
-- that newer ones replaced.
SELECT
    k::String AS name,
    toString(any(t.name)) AS label,
    sum(c) AS calls,
    sum(s) AS seconds
FROM
(
    SELECT tenant_id AS k, toInt64(count()) AS c, toInt64(sum(seconds)) AS s
    FROM usage_revisions
    WHERE is_conf_out
      AND toDate(started_at) >= toDate({from:DateTime}) AND toDate(started_at) < toDate({to:DateTime})
      AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
      AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
    GROUP BY k
    UNION ALL
    SELECT tenant_id AS k, -toInt64(count()) AS c, -toInt64(sum(seconds)) AS s
    FROM replaced_usage
    WHERE is_conf_out
      AND toDate(started_at) >= toDate({from:DateTime}) AND toDate(started_at) < toDate({to:DateTime})
      AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
      AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
    GROUP BY k
) AS u
LEFT JOIN tenants AS t ON t.tenant_id = u.k
GROUP BY k
HAVING calls > 0
ORDER BY seconds DESC, name
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
