-- An organizer's use by day, by hour of the week and by destination, from one reading of its records.
-- The projection by_organizer has them side by side. Of who makes a large part of a tenant's calls
-- the engine counts more granules there than in the tenant's part of the table, which has sixteen
-- times the rows in each, and reads that; so of those (many) the tenant is kept from the index.
SELECT
    multiIf(grouping(day) = 0, 'day', grouping(hour) = 0, 'hour', grouping(country) = 0, 'country', grouping(area) = 0, 'area', grouping(block) = 0, 'block', 'number') AS kind,
    day,
    toInt64(weekday)            AS weekday,
    toInt64(hour)               AS hour,
    multiIf(kind = 'country', country, kind = 'area', area, kind = 'block', block, kind = 'number', number, '') AS name,
    toInt64(sum(used))          AS seconds,
    toInt64(count())            AS calls
FROM
(
    SELECT
        toDateTime(toStartOfDay(started_at, 'UTC'), 'UTC')  AS day,
        toDayOfWeek(started_at, 0, 'UTC')                   AS weekday,
        toHour(started_at, 'UTC')                           AS hour,
        destination_country::String                         AS country,
        substring(npa_nxx::String, 1, 3)                    AS area,
        npa_nxx::String                                     AS block,
        callee_number                                       AS number,
        u.seconds                                           AS used
    FROM usage_revisions AS u
    WHERE ({many:Bool} OR tenant_id = {tenant_id:String}) AND concat(tenant_id, '') = {tenant_id:String}
      AND organizer_id = {organizer_id:String}
      AND is_conf_out
      AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
      AND (usage_id, revision) NOT IN
      (
          SELECT if(revision > 0, usage_id, '') AS id, arrayJoin(range(0, max(revision)))::UInt16
          FROM usage_revisions
          WHERE tenant_id = {tenant_id:String}
          GROUP BY tenant_id, id
      )
)
GROUP BY GROUPING SETS ((day), (weekday, hour), (country), (area), (block), (number))
-- A block beside the last four digits of a number is the number, where the same minutes stand at
-- both: a block is named where at least three of its numbers were called.
HAVING kind IN ('day', 'hour') OR name != '' AND (kind != 'block' OR uniqUpTo(3)(number) >= 3)
ORDER BY kind, day, weekday, hour, seconds DESC, name
LIMIT 8 BY kind, day, weekday, hour
