-- What an organizer has used of a throttle: connected seconds of the calls that started in
-- the 60 minutes up to `at`, and calls that were going on at `at`, as far as the source
-- has reported them.
SELECT
    sumIf(seconds, started_at > {at:DateTime64(3, 'UTC')} - INTERVAL 60 MINUTE) AS seconds,
    countIf(ended_at > {at:DateTime64(3, 'UTC')})                              AS legs
FROM usage
WHERE tenant_id = {tenant_id:String}
  AND organizer_id = {organizer_id:String}
  AND is_conf_out
  AND started_at > {at:DateTime64(3, 'UTC')} - INTERVAL 24 HOUR
  AND started_at <= {at:DateTime64(3, 'UTC')}
