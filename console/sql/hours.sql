SELECT
    toInt64(toDayOfWeek(started_at, 0, 'UTC'))  AS weekday,
    toInt64(toHour(started_at, 'UTC'))          AS hour,
    toInt64(sum(seconds))                       AS seconds
FROM usage
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND is_conf_out
  AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
GROUP BY weekday, hour
ORDER BY weekday, hour
