-- Who drew on each pool in a month, the most first; equals share a rank and stand in the order of
-- their ids, so that the same ratings always give the same list. The projection by_organizer answers.
SELECT tenant_id, pool, rank() OVER (PARTITION BY tenant_id, pool ORDER BY drawn DESC) AS rank, organizer_id, calls, drawn
FROM
(
    SELECT
        tenant_id, pool, organizer_id,
        countIf(part = 0 AND pool_before > pool_after)  AS calls,
        sumIf(pool_before - pool_after, part = 0)       AS drawn
    FROM rating_rows
    WHERE tenant_id IN ({tenants:Array(String)}) AND month = {month:Date} AND run_id IN ({runs:Array(UUID)}) AND pool != ''
    GROUP BY tenant_id, pool, organizer_id
    HAVING calls > 0
)
ORDER BY tenant_id, pool, drawn DESC, organizer_id
LIMIT {top:UInt32} BY tenant_id, pool
