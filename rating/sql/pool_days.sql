-- What calls asked of each pool, a day, whether it had anything left or not: a pool that
-- is used up does not make the days after it quiet. The projection by_quarter answers up to the
-- quarter of an hour that the moment lies in; of that one the calls are read.
WITH shown AS
(
    SELECT tenant_id, month, run_id
    FROM rating_current
    WHERE month IN ({months:Array(Date)}) AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
      AND (tenant_id, month) NOT IN (SELECT tenant_id, month FROM rating_runs WHERE run_id IN ({frozen:Array(UUID)}))
    UNION ALL
    SELECT tenant_id, month, run_id FROM rating_runs WHERE run_id IN ({frozen:Array(UUID)})
)
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
    WHERE pool != ''
      AND month IN ({months:Array(Date)})
      AND toStartOfFifteenMinutes(started_at) < toStartOfFifteenMinutes({at:DateTime64(7, 'UTC')})
      AND (tenant_id, month, run_id) IN (SELECT tenant_id, month, run_id FROM shown)
    GROUP BY tenant_id, month, pool, quarter
    UNION ALL
    SELECT
        tenant_id, month, pool,
        toStartOfFifteenMinutes(started_at) AS quarter,
        sum(if(part = 0, greatest(pool_before - pool_after, seconds), seconds))         AS asked,
        sumIf(pool_before - pool_after, part = 0)                                       AS drawn,
        minIf(started_at, part = 0 AND pool_before > 0 AND pool_after = 0)              AS empty_at,
        countIf(part = 0 AND pool_before > 0 AND pool_after = 0)                        AS emptied
    FROM rating_rows
    WHERE pool != ''
      AND month IN ({months:Array(Date)})
      AND started_at >= toStartOfFifteenMinutes({at:DateTime64(7, 'UTC')}) AND started_at < {at:DateTime64(7, 'UTC')}
      AND (tenant_id, month, run_id) IN (SELECT tenant_id, month, run_id FROM shown)
    GROUP BY tenant_id, month, pool, quarter
) AS q
GROUP BY tenant_id, pool, day
ORDER BY tenant_id, pool, day
