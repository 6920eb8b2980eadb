-- Connected seconds of an organizer's dial-out calls, by the day (UTC) on which they began.
SELECT toStartOfDay(started_at, 'UTC') AS day, sum(seconds) AS seconds
FROM usage
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND is_conf_out
  AND started_at >= {from:DateTime64(3, 'UTC')}
  AND started_at < {to:DateTime64(3, 'UTC')}
GROUP BY day
ORDER BY day
