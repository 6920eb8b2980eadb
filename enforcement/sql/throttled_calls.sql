-- The calls of some organizers in the 24 hours up to `at`: from usage, and as gateways
-- reported them where usage does not have them yet. A call that goes on has no end (1970).
-- `organizers` are tenant ids and organizer ids, joined by a line feed.
WITH rated AS
(
    SELECT tenant_id, organizer_id, usage_id, call_id, started_at, ended_at, seconds
    FROM usage
    WHERE is_conf_out
      AND started_at > {at:DateTime64(3, 'UTC')} - INTERVAL 24 HOUR
      AND concat(tenant_id, '\n', organizer_id) IN {organizers:Array(String)}
)
SELECT
    tenant_id,
    organizer_id,
    usage_id                           AS call_id,
    toDateTime64(started_at, 3, 'UTC') AS started_at,
    toDateTime64(ended_at, 3, 'UTC')   AS ended_at,
    toInt64(seconds)                   AS seconds,
    false                              AS reported
FROM rated
UNION ALL
SELECT
    tenant_id,
    organizer_id,
    call_id,
    min(began) AS started_at,
    max(ended) AS ended_at,
    toInt64(0) AS seconds,
    true       AS reported
FROM
(
    SELECT tenant_id, organizer_id, call_id, started_at AS began, ended_at AS ended
    FROM call_reports
    WHERE started_at > {at:DateTime64(3, 'UTC')} - INTERVAL 24 HOUR
      AND concat(tenant_id, '\n', organizer_id) IN {organizers:Array(String)}
      AND (tenant_id, call_id) NOT IN (SELECT tenant_id, usage_id FROM rated)
      AND (tenant_id, call_id) NOT IN (SELECT tenant_id, call_id FROM rated)
)
GROUP BY tenant_id, organizer_id, call_id
