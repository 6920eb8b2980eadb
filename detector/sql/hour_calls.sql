-- The calls that hours are made of, as far as `calls` has them: of some tenants, and of a large
-- one a part of its organizers.
CREATE TABLE {table:Identifier} ENGINE = MergeTree ORDER BY (tenant_id, organizer_id, ended_at) AS
WITH held AS
(
    SELECT tenant_id, organizer_id, held_from, max(held_to) AS until
    FROM licences
    WHERE has({addon_plans:Array(String)}, service_plan_id) AND has({tenants:Array(String)}, tenant_id)
    GROUP BY tenant_id, organizer_id, held_from
)
SELECT
    toString(u.tenant_id) AS tenant_id, u.organizer_id AS organizer_id, u.usage_id AS usage_id, u.callee_number AS number,
    u.destination_country AS country, u.destination_class AS class, u.npa_nxx AS npa_nxx, u.high_cost AS high_cost, u.masked AS masked,
    u.started_at AS started_at, greatest(u.ended_at, u.started_at + toIntervalSecond(u.seconds)) AS ended_at, u.seconds AS seconds,
    if(empty({addon_plans:Array(String)}), NULL, toBool(h.until > u.started_at)) AS addon
FROM (SELECT * FROM usage) AS u
ASOF LEFT JOIN held AS h ON u.tenant_id = h.tenant_id AND u.organizer_id = h.organizer_id AND u.started_at >= h.held_from
WHERE u.is_conf_out AND u.organizer_id != '' AND has({tenants:Array(String)}, u.tenant_id)
  AND u.started_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
  AND cityHash64(u.organizer_id) % {parts:UInt64} = {part:UInt64}
