-- Who drew on each pool, the most first; equals share a rank and stand in the order of
-- their ids, so that the same ratings always give the same list. It is what the projection
-- by_organizer has of the whole month, less the calls from the moment on.
WITH shown AS
(
    SELECT tenant_id, month, run_id
    FROM rating_current
    WHERE month = {month:Date} AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
      AND (tenant_id, month) NOT IN (SELECT tenant_id, month FROM rating_runs WHERE run_id IN ({frozen:Array(UUID)}))
    UNION ALL
    SELECT tenant_id, month, run_id FROM rating_runs WHERE run_id IN ({frozen:Array(UUID)})
)
SELECT
    d.tenant_id AS tenant_id, d.pool AS pool, d.rank AS rank, d.organizer_id AS organizer_id, o.upn AS upn, o.name AS name,
    d.calls AS calls, d.drawn AS drawn
FROM
(
    SELECT tenant_id, pool, organizer_id, calls::UInt64 AS calls, drawn, rank() OVER (PARTITION BY tenant_id, pool ORDER BY drawn DESC) AS rank
    FROM
    (
        SELECT tenant_id, pool, organizer_id, sum(c) AS calls, sum(d) AS drawn
        FROM
        (
            SELECT
                tenant_id, pool, organizer_id,
                countIf(part = 0 AND pool_before > pool_after)::Int64   AS c,
                sumIf(pool_before - pool_after, part = 0)               AS d
            FROM rating_rows
            WHERE month = {month:Date} AND pool != '' AND (tenant_id, month, run_id) IN (SELECT tenant_id, month, run_id FROM shown)
            GROUP BY tenant_id, pool, organizer_id
            UNION ALL
            SELECT
                tenant_id, pool, organizer_id,
                -countIf(part = 0 AND pool_before > pool_after)::Int64  AS c,
                -sumIf(pool_before - pool_after, part = 0)              AS d
            FROM rating_rows
            WHERE month = {month:Date} AND pool != '' AND (tenant_id, month, run_id) IN (SELECT tenant_id, month, run_id FROM shown)
              AND started_at >= {at:DateTime64(7, 'UTC')}
            GROUP BY tenant_id, pool, organizer_id
        )
        GROUP BY tenant_id, pool, organizer_id
        HAVING calls > 0
    )
    ORDER BY tenant_id, pool, drawn DESC, organizer_id
    LIMIT {top:UInt32} BY tenant_id, pool
) AS d
LEFT JOIN
(
    SELECT * FROM organizers WHERE empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)})
) AS o ON o.tenant_id = d.tenant_id AND o.organizer_id = d.organizer_id
ORDER BY tenant_id, pool, drawn DESC, organizer_id
