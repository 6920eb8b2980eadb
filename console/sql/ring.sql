-- Who of some organizers called the same numbers as one. The projection by_organizer has the
-- records of each side by side, of every revision; of a record the newest counts.
SELECT
    tenant_id::String           AS tenant_id,
    organizer_id,
    toInt64(uniqExact(number))  AS numbers,
    toInt64(sum(used))          AS seconds
FROM
(
    SELECT tenant_id, organizer_id, usage_id, argMax(callee_number, revision) AS number, argMax(u.seconds, revision) AS used
    FROM usage_revisions AS u
    WHERE tenant_id IN {tenants:Array(String)} AND organizer_id IN {organizers:Array(String)}
      AND is_conf_out
      AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
      AND callee_number IN
      (
          SELECT callee_number
          FROM usage_revisions
          WHERE tenant_id = {tenant_id:String} AND organizer_id = {organizer_id:String}
            AND is_conf_out AND callee_number != '' AND NOT endsWith(callee_number, '*')
            AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
      )
    GROUP BY tenant_id, organizer_id, usage_id
)
WHERE (tenant_id, organizer_id) IN
      (SELECT pair.1, pair.2 FROM (SELECT arrayJoin(arrayZip({tenants:Array(String)}, {organizers:Array(String)})) AS pair))
GROUP BY tenant_id, organizer_id
HAVING numbers > 1
ORDER BY numbers DESC, seconds DESC, tenant_id, organizer_id
LIMIT 6
