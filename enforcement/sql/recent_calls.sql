-- What an organizer has used of a throttle: connected seconds in the 60 minutes up to `at`, of
-- calls that started before them the part that falls in, and calls that were going on at
-- `at`, as far as the source has reported them.
WITH {at:DateTime64(3, 'UTC')} - INTERVAL 60 MINUTE AS since
SELECT
    sum(if(started_at > since, toUInt64(seconds),
        toUInt64(greatest(dateDiff('second', since, least(ended_at, {at:DateTime64(3, 'UTC')})), 0)))) AS seconds,
    countIf(ended_at > {at:DateTime64(3, 'UTC')}) AS legs
FROM usage
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND is_conf_out
  AND started_at > {at:DateTime64(3, 'UTC')} - INTERVAL 24 HOUR
  AND started_at <= {at:DateTime64(3, 'UTC')}
