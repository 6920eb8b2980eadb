-- What calls asked of each pool, a day, whether it had anything left or not: a pool that
-- is used up does not make the days after it quiet. The projection by_quarter answers up to the
-- quarter of an hour that the moment lies in.
SELECT
    tenant_id,
    pool,
    toDate(toTimeZone(quarter, {zone:String}))  AS day,
    sum(q.asked)                                AS asked,
    sumIf(q.drawn, month = {month:Date})        AS drawn,
    minIf(q.empty_at, month = {month:Date} AND q.emptied > 0) AS empty_at,
    sumIf(q.emptied, month = {month:Date})      AS emptied
FROM
(
    SELECT
        tenant_id, month, pool,
        toStartOfFifteenMinutes(started_at) AS quarter,
        sum(if(part = 0, greatest(pool_before - pool_after, seconds), seconds))         AS asked,
        sumIf(pool_before - pool_after, part = 0)                                       AS drawn,
        minIf(started_at, part = 0 AND pool_before > 0 AND pool_after = 0)              AS empty_at,
        countIf(part = 0 AND pool_before > 0 AND pool_after = 0)                        AS emptied
    FROM rating_rows
    WHERE tenant_id IN ({tenants:Array(String)}) AND month IN ({months:Array(Date)}) AND run_id IN ({runs:Array(UUID)})
      AND pool != ''
      AND toStartOfFifteenMinutes(started_at) < toStartOfFifteenMinutes({at:DateTime64(7, 'UTC')})
    GROUP BY tenant_id, month, pool, quarter
) AS q
GROUP BY tenant_id, pool, day
ORDER BY tenant_id, pool, day
