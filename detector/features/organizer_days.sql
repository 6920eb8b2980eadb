-- organizer_days: what an organizer's day (UTC, by the end of calls) and the days before
-- it amount to, as known at each step that sees a further call of it.
--
--   day, at
--   calls, seconds, new_callees             of the day so far
--   counted_seconds                         likewise, of those that count for fair use (see calls)
--   calls_7d, seconds_7d, counted_7d, new_callees_7d   of the seven days that end with it
--   seconds_28d, counted_28d                of the 28 days that end with it
--   fullest_before  the most that counted_7d was on a day three to twelve weeks before: what is
--                   usual for the organizer, and not taught by what began since; 0 with none
--   history_days    days since its calls would have been seen (watched), 0 to 98
--
-- A new callee counts once, in the meeting that is no crowd: as one of its first eight
-- legs to hang up.
WITH parts AS
(
    SELECT
        tenant_id, organizer_id, day, at,
        count()                                     AS n,
        sum(c.seconds)                              AS s,
        sum(c.counted_seconds)                       AS k,
        countIf(c.new_callee AND c.legs_inside <= 8) AS f
    FROM calls AS c
    GROUP BY tenant_id, organizer_id, day, at
)
SELECT
    d.*,
    dateDiff('day', w.since, d.day) AS history_days
FROM
(
    SELECT
        *,
        max(counted_7d) OVER (PARTITION BY tenant_id, organizer_id ORDER BY toInt32(toUInt16(day)) RANGE BETWEEN 84 PRECEDING AND 22 PRECEDING) AS fullest_before
    FROM
    (
        SELECT
            tenant_id, organizer_id, day, at,
            sum(n) OVER today AS calls,
            sum(s) OVER today AS seconds,
            sum(k) OVER today AS counted_seconds,
            sum(f) OVER today AS new_callees,
            calls           + sum(n) OVER week  AS calls_7d,
            seconds         + sum(s) OVER week  AS seconds_7d,
            counted_seconds + sum(k) OVER week  AS counted_7d,
            new_callees     + sum(f) OVER week  AS new_callees_7d,
            seconds         + sum(s) OVER month AS seconds_28d,
            counted_seconds + sum(k) OVER month AS counted_28d
        FROM parts
        WINDOW
            today AS (PARTITION BY tenant_id, organizer_id, day ORDER BY at ROWS UNBOUNDED PRECEDING),
            week  AS (PARTITION BY tenant_id, organizer_id ORDER BY toInt32(toUInt16(day)) RANGE BETWEEN 6 PRECEDING AND 1 PRECEDING),
            month AS (PARTITION BY tenant_id, organizer_id ORDER BY toInt32(toUInt16(day)) RANGE BETWEEN 27 PRECEDING AND 1 PRECEDING)
    )
) AS d
INNER JOIN watched AS w ON w.tenant_id = d.tenant_id AND w.organizer_id = d.organizer_id
