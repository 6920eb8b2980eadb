-- As pool_drainers.sql, up to a moment: what the projection by_organizer has of the whole month, less
-- the calls from the moment on.
SELECT tenant_id, pool, rank() OVER (PARTITION BY tenant_id, pool ORDER BY drawn DESC) AS rank, organizer_id, calls::UInt64 AS calls, drawn
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
        WHERE tenant_id IN ({tenants:Array(String)}) AND month = {month:Date} AND run_id IN ({runs:Array(UUID)}) AND pool != ''
        GROUP BY tenant_id, pool, organizer_id
        UNION ALL
        SELECT
            tenant_id, pool, organizer_id,
            -countIf(part = 0 AND pool_before > pool_after)::Int64  AS c,
            -sumIf(pool_before - pool_after, part = 0)              AS d
        FROM rating_rows
        WHERE tenant_id IN ({tenants:Array(String)}) AND month = {month:Date} AND run_id IN ({runs:Array(UUID)}) AND pool != ''
          AND started_at >= {at:DateTime64(7, 'UTC')}
        GROUP BY tenant_id, pool, organizer_id
    )
    GROUP BY tenant_id, pool, organizer_id
    HAVING calls > 0
)
ORDER BY tenant_id, pool, drawn DESC, organizer_id
LIMIT {top:UInt32} BY tenant_id, pool
