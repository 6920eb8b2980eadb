-- What paid for the calls of one organizer in one run, by day.
SELECT
    toDate(toTimeZone(started_at, {zone:String}))       AS day,
    toInt64(sumIf(seconds, bucket = 'addon'))           AS addon,
    toInt64(sumIf(seconds, bucket = 'pool'))            AS pool,
    toInt64(sumIf(seconds, bucket = 'credits'))         AS credits,
    toInt64(sumIf(seconds, bucket = 'unfunded'))        AS unfunded
FROM rating_rows
WHERE tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID} AND organizer_id = {organizer:String}
GROUP BY day
ORDER BY day
