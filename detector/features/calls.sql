-- calls: one row a call, as the rules see it.
--
--   tenant_id, organizer_id, usage_id, conference_id
--   number       dialled, E.164; its last digits may be masked (masked)
--   country      ISO 3166-1 alpha-2 by the number; '' where it has none
--   region       US state or Canadian province
--   class        geographic, toll_free, premium, personal, non_geographic, satellite, unknown
--   npa_nxx      first six digits after +1
--   high_cost    in a block known for access stimulation
--   started_at, ended_at (UTC), seconds
--   day          UTC day in which it ended
--   at           the step that first sees it
--   settled_at   the step that sees it three hours after its end: by then those are seen too who
--                stayed in the same meeting to its end
--   legs_inside  legs of the same conference that had ended by its end and after its
--                start, itself included: 1 for a call of two, growing through the legs of a
--                meeting in the order in which they hang up. The crowd of an all-hands
--                has high numbers, calls one after the other under one id have 1.
--   legs_around  legs of the same conference that were connected at some time between its start
--                and its end, itself included. Nearly all have hung up by settled_at, and before it is not
--                to be read; who stays on for longer makes a replay a little more forbearing than a pass at the time.
--                Who leaves a crowd early has few legs inside and many around.
--   counted_seconds  of its seconds, those that count for fair use: at most two legs of a
--                meeting, and of one meeting four hours a day, so that neither a crowd nor a
--                bridge through the night counts as a month of use. A meeting is a run
--                of legs of one conference without a pause of an hour: in a bridge those who are on it
--                by the app alone keep it going between two shifts on the telephone.
--   new_callee   the organizer had not called the number in the 56 days before
--   callee_days  days since the organizer first called the number, as far as 98 days back
--   standing     a standing appointment: the same number was dialled into the same conference at
--                the same time of the day (give or take 75 minutes, for clocks change) on two earlier
--                days, the two calls before this one; of two hours at most
--   weekend      it began on a day of rest in the organizer's country (see homes), by the clock of the time
--                zone in which most people there live; on a Saturday or Sunday (UTC) where no country is known. Of a
--                +1 number also on a Saturday or Sunday in the middle of North America: Saturday morning in Sydney is Friday
--                afternoon at the other end
--   addon        whether the organizer held the add-on when it started; NULL when no
--                service plan is known to be the add-on
--   addon_lost_at    when the add-on was last taken away, of a call made without it; NULL
--                where the organizer never had it
--   addon_gained_at  the step that first sees it assigned after a call made without it; NULL
--                where that has not happened
--   addon_assigned_at  when it was assigned that time, whenever a step came to see it
--   addon_since      of a call made with the add-on: when it was assigned
WITH
    held AS
    (
        SELECT tenant_id, organizer_id, held_from, max(held_to) AS until
        FROM {licences:Identifier}
        WHERE has({addon_plans:Array(String)}, service_plan_id) AND has({tenants:Array(String)}, tenant_id)
        GROUP BY tenant_id, organizer_id, held_from
    ),
    clocks AS
    (
        SELECT h.tenant_id AS tenant_id, h.organizer_id AS organizer_id, any(z.weekend) AS rest,
            arraySort(groupArray((toInt64(toUnixTimestamp(z.since)), z.ahead))) AS shifts
        FROM homes AS h
        INNER JOIN (SELECT country, weekend, since, ahead FROM zones WHERE nth = 0) AS z
            ON z.country = if(h.country IN (SELECT country FROM zones), h.country, '')
        GROUP BY tenant_id, organizer_id
    )
SELECT
    b.tenant_id AS tenant_id, b.organizer_id AS organizer_id, b.usage_id AS usage_id, b.conference_id AS conference_id,
    b.number AS number, b.country AS country, b.region AS region, b.class AS class, b.npa_nxx AS npa_nxx,
    b.high_cost AS high_cost, b.masked AS masked, b.started_at AS started_at, b.ended_at AS ended_at, b.day AS day,
    b.seconds AS seconds, b.at AS at, b.settled_at AS settled_at,
    toUInt32(m.legs_inside) AS legs_inside,
    toUInt32(m.legs_around) AS legs_around,
    toUInt32(m.counted)     AS counted_seconds,
    toBool(m.new_callee)    AS new_callee,
    toUInt16(m.callee_days) AS callee_days,
    toBool(m.standing)      AS standing,
    toBool(has(o.rest, toDayOfWeek(b.started_at + toIntervalMinute(
        tupleElement(arrayLast(x -> tupleElement(x, 1) <= toUnixTimestamp(b.started_at), o.shifts), 2))))
        AND (NOT startsWith(b.number, '+1') OR toDayOfWeek(b.started_at - toIntervalHour(6)) >= 6)) AS weekend,
    if(empty({addon_plans:Array(String)}), NULL, toBool(h.until > b.started_at)) AS addon,
    if(addon = false AND h.until > toDateTime64(0, 3, 'UTC'), h.until, NULL) AS addon_lost_at,
    toUnixTimestamp64Milli(n.held_from) + {latency_ms:Int64} - {from_ms:Int64} AS gained_ms,
    {from_ms:Int64} + if(gained_ms > 0, intDiv(gained_ms + {step_ms:Int64} - 1, {step_ms:Int64}), 0) * {step_ms:Int64} AS gained_step_ms,
    if(addon = false AND n.held_from > toDateTime64(0, 3, 'UTC') AND gained_step_ms <= {to_ms:Int64},
        fromUnixTimestamp64Milli(gained_step_ms, 'UTC'), NULL) AS addon_gained_at,
    if(addon_gained_at IS NULL, NULL, n.held_from) AS addon_assigned_at,
    if(addon = true, h.held_from, NULL) AS addon_since
FROM base AS b
INNER JOIN marks AS m ON b.row_key = m.row_key
INNER JOIN clocks AS o ON b.tenant_id = o.tenant_id AND b.organizer_id = o.organizer_id
ASOF LEFT JOIN held AS h ON b.tenant_id = h.tenant_id AND b.organizer_id = h.organizer_id AND b.started_at >= h.held_from
ASOF LEFT JOIN held AS n ON b.tenant_id = n.tenant_id AND b.organizer_id = n.organizer_id AND b.started_at < n.held_from
