-- Which numbers some organizers called and when, without those whose last digits are hidden. The projection
-- by_organizer has the records of each side by side.
SELECT
    tenant_id::String           AS tenant_id,
    organizer_id,
    groupArray(number)          AS numbers,
    groupArray(day)             AS days,
    groupArray(used)            AS seconds
FROM
(
    SELECT tenant_id, organizer_id, cityHash64(callee_number) AS number, toUInt16(toDate(started_at)) AS day, u.seconds AS used
    FROM usage_revisions AS u
    WHERE tenant_id IN {tenants:Array(String)} AND organizer_id IN {organizers:Array(String)}
      AND is_conf_out
      AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
      AND callee_number != '' AND NOT endsWith(callee_number, '*')
      AND (tenant_id, usage_id, revision) NOT IN
      (
          SELECT tenant_id, if(revision > 0, usage_id, '') AS id, arrayJoin(range(0, max(revision)))::UInt16
          FROM usage_revisions
          WHERE tenant_id IN {tenants:Array(String)}
          GROUP BY tenant_id, id
      )
)
WHERE (tenant_id, organizer_id) IN
      (SELECT pair.1, pair.2 FROM (SELECT arrayJoin(arrayZip({tenants:Array(String)}, {organizers:Array(String)})) AS pair))
GROUP BY tenant_id, organizer_id
