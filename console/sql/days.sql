SELECT
    toDateTime(toStartOfDay(started_at, 'UTC'), 'UTC')  AS day,
    toInt64(sum(seconds))                               AS seconds,
    toInt64(count())                                    AS calls
FROM usage
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND is_conf_out
  AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
GROUP BY day
ORDER BY day
LIMIT 400
