-- As pool_days.sql, of the quarter of an hour that the moment lies in: its calls are read.
SELECT
    tenant_id,
    pool,
    toDate(toTimeZone(started_at, {zone:String}))                                       AS day,
    sum(if(part = 0, greatest(pool_before - pool_after, seconds), seconds))             AS asked,
    sumIf(pool_before - pool_after, part = 0 AND month = {month:Date})                  AS drawn,
    minIf(started_at, part = 0 AND pool_before > 0 AND pool_after = 0 AND month = {month:Date}) AS empty_at,
    countIf(part = 0 AND pool_before > 0 AND pool_after = 0 AND month = {month:Date})   AS emptied
FROM rating_rows
WHERE tenant_id IN ({tenants:Array(String)}) AND month IN ({months:Array(Date)}) AND run_id IN ({runs:Array(UUID)})
  AND pool != ''
  AND started_at >= toStartOfFifteenMinutes({at:DateTime64(7, 'UTC')}) AND started_at < {at:DateTime64(7, 'UTC')}
GROUP BY tenant_id, pool, day
ORDER BY tenant_id, pool, day
