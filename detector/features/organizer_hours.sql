-- organizer_hours: an organizer's hour (UTC): what the calls that ended in it amount to, and
-- when that was where the organizer is. A step sees the hours that were over by then.
--
--   tenant_id, organizer_id
--   hour                 begins; an hour in which no call ended has no row
--   at                   the step that first sees all of it
--   calls, answered, seconds
--   short_calls          answered for at most 30 seconds
--   long_calls           of four hours and more
--   callees              different numbers; calls_per_callee
--   new_callees          of them, those not called in the 90 days before (a pass that reads no
--                        further back than 98 days takes what it does not see for never called)
--   top_callee_share     of the seconds, the callee's who had most; of the calls where nobody
--   callee_entropy       answered; and over how many they spread, in bits: 0 for one, 3 for eight alike
--   top_block_share      likewise by npa_nxx, of all seconds and among those with one; NULL where
--   block_entropy        no number has one
--   most_legs            the most calls at once while one of these was up, from the intervals of
--                        all that had ended by the end of the hour
--   active_hours         clock hours of the organizer's day in which a call was up, until the end
--                        of this one
--   sequential_callees   numbers that follow another one of the hour by one
--   toll_free_calls, toll_free_seconds, high_cost_calls, high_cost_seconds
--   plus_one_abroad_calls, plus_one_abroad_seconds   to numbers with +1 outside the US and Canada
--   addon_seconds        to the US and Canada, begun while holding the add-on; NULL when no service
--                        plan is known to be the add-on
--   exposure_amount      at wholesale rates, in their currency (detection.wholesale_rates)
--   zone                 the organizer's time zone; '' where it is not known
--   zone_from            country: the country (of the directory, else of the tenant) has one zone;
--                        past: of the country's zones, or of all whole hours where no country is
--                        known, the one in which the calls of the 56 days before the month lie
--                        closest to one in the afternoon, and so its quietest hours at night;
--                        first: the country's first one, as fewer than 20 calls say nothing
--   local_hour, local_day; off_hours (20 to 7 o'clock), weekend: NULL where the zone is not known
--   off_hours_share_28d, weekend_share_28d   of the calls of the 28 days that end with the hour
WITH
    -- Which zones come into question in a month, and by how many minutes each was ahead of UTC.
    asked AS
    (
        SELECT p.tenant_id AS tenant_id, p.organizer_id AS organizer_id, p.month AS month, p.country AS country, p.past AS past, p.by_hour AS by_hour,
            z.nth AS nth, z.zone AS zone, z.zones AS zones, z.ahead AS ahead
        FROM
        (
            SELECT m.tenant_id AS tenant_id, m.organizer_id AS organizer_id, m.month AS month, any(o.country) AS country,
                sumIf(m.calls, m.before) AS past, sumMapIf([m.utc_hour], [m.calls], m.before) AS by_hour
            FROM
            (
                SELECT tenant_id, organizer_id, toUInt8(toHour(hour)) AS utc_hour, sum(h.calls) AS calls,
                    arrayJoin([(toStartOfMonth(hour), false), (addMonths(toStartOfMonth(hour), 1), true), (addMonths(toStartOfMonth(hour), 2), hour >= addMonths(toStartOfMonth(hour), 2) - toIntervalDay(56))]) AS of,
                    of.1 AS month, of.2 AS before
                FROM hours AS h
                GROUP BY tenant_id, organizer_id, utc_hour, of
            ) AS m
            LEFT JOIN homes AS o ON o.tenant_id = m.tenant_id AND o.organizer_id = m.organizer_id
            GROUP BY tenant_id, organizer_id, month
            HAVING max(NOT m.before)
        ) AS p
        INNER JOIN
        (
            SELECT country, nth, zone, zones, m.month AS month, argMaxIf(ahead, since, since <= toDateTime(m.month, 'UTC')) AS ahead
            FROM zones
            CROSS JOIN (SELECT DISTINCT toStartOfMonth(hour) AS month FROM hours) AS m
            GROUP BY country, nth, zone, zones, month
        ) AS z ON z.country = p.country AND z.month = p.month
    ),
    settled AS
    (
        SELECT
            tenant_id, organizer_id, month, any(a.country) AS country,
            argMin((a.zone, a.nth), (if(a.past < 20, 0, arraySum((h, n) -> n * (720 - abs(720 - abs(modulo(toInt32(h) * 60 + 30 + a.ahead + 1440, 1440) - 780))), a.by_hour.1, a.by_hour.2)), a.nth)) AS best,
            multiIf(any(a.zones) = 1, 'country', any(a.past) >= 20, 'past', any(a.country) = '', '', 'first') AS zone_from,
            if(zone_from = '', '', tupleElement(best, 1)) AS own
        FROM asked AS a
        GROUP BY tenant_id, organizer_id, month
    ),
    placed AS
    (
        SELECT
            h.tenant_id AS tenant_id, h.organizer_id AS organizer_id, h.* EXCEPT (tenant_id, organizer_id, month), s.own AS zone, s.zone_from AS zone_from, toNullable(z.ahead) AS minutes, z.weekend AS rest,
            if(zone = '', NULL, h.hour + toIntervalMinute(z.ahead)) AS local
        FROM (SELECT *, toStartOfMonth(hour) AS month FROM hours) AS h
        LEFT JOIN settled AS s ON s.tenant_id = h.tenant_id AND s.organizer_id = h.organizer_id AND s.month = h.month
        ASOF LEFT JOIN zones AS z ON z.country = s.country AND z.zone = s.own AND h.hour >= z.since
    )
SELECT
    tenant_id, organizer_id, hour,
    fromUnixTimestamp64Milli({from_ms:Int64} + steps * {step_ms:Int64}, 'UTC') AS at,
    calls, answered, seconds, short_calls, long_calls, callees, calls / callees AS calls_per_callee, new_callees,
    top_callee_share, callee_entropy, top_block_share, block_entropy, most_legs,
    length(arrayFilter(u -> toDate(if(zone = '', u, u + toIntervalMinute(assumeNotNull(minutes)))) = own_day, up)) AS active_hours,
    sequential_callees, toll_free_calls, toll_free_seconds, high_cost_calls, high_cost_seconds, plus_one_abroad_calls, plus_one_abroad_seconds,
    addon_seconds, exposure_amount,
    zone, zone_from, local_hour, local_day, off_hours, weekend,
    if(zone = '', NULL, toNullable(sum(if(off_hours, calls, 0)) OVER month / sum(calls) OVER month)) AS off_hours_share_28d,
    if(zone = '', NULL, toNullable(sum(if(weekend, calls, 0)) OVER month / sum(calls) OVER month))   AS weekend_share_28d
FROM
(
    SELECT
        *,
        toInt64(toUnixTimestamp(hour)) AS t,
        (t + 3600) * 1000 + {latency_ms:Int64} - {from_ms:Int64} AS late,
        if(late > 0, intDiv(late + {step_ms:Int64} - 1, {step_ms:Int64}), 0) AS steps,
        toNullable(toUInt8(toHour(local)))    AS local_hour,
        toNullable(toDate(local))             AS local_day,
        local_hour < 7 OR local_hour >= 20    AS off_hours,
        if(zone = '', NULL, toNullable(has(rest, toDayOfWeek(local_day)))) AS weekend,
        if(zone = '', toDate(hour), assumeNotNull(local_day)) AS own_day,
        groupUniqArrayArray(hours_up) OVER (PARTITION BY tenant_id, organizer_id, own_day ORDER BY hour ROWS UNBOUNDED PRECEDING) AS up
    FROM placed
)
WHERE {from_ms:Int64} + steps * {step_ms:Int64} <= {to_ms:Int64}
WINDOW month AS (PARTITION BY tenant_id, organizer_id ORDER BY t RANGE BETWEEN 2415600 PRECEDING AND CURRENT ROW)
