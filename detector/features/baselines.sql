-- baselines: an organizer's own past, on each UTC day on which it calls: the 42 days
-- before it. Robust figures; NULL where there is not enough past to speak of, which is
-- fewer than 14 days of watching (enough is false). Who has been silent for the 42
-- days has a past of nothing: zeros and empty lists.
--
--   tenant_id, organizer_id, day
--   enough                 whether there is a past to compare with
--   history_days           days since its calls would have been seen (watched), 0 to 98
--   calling_days           days since the first call seen, 0 to 98
--   active_days            days with calls among the 42
--   median_seconds         of the days with calls
--   mad_seconds            median absolute deviation of the same
--   longest_day_seconds    the largest of them
--   longest_call_seconds   the longest single call of a day: its median over the days with calls;
--                          NULL with fewer than two of them
--   hours                  hours of the day (UTC, 0 to 23) in which a call began, and
--   countries              that were called, and
--   dear                   which of high_cost (a block), premium and satellite were called, in the
--                          90 days that end a week before: what began this week is not yet the
--                          organizer's character, and a leave of weeks does not end it
WITH days AS
(
    SELECT
        tenant_id, organizer_id, day, toInt32(toUInt16(day)) AS n,
        sum(seconds)                          AS s,
        max(seconds)                          AS longest,
        groupUniqArray(toHour(started_at))    AS h,
        groupUniqArray(toString(country))     AS c,
        groupUniqArrayIf(if(high_cost, 'high_cost', toString(class)), high_cost OR class IN ('premium', 'satellite')) AS e,
        toInt32(toUInt16(any(w.since)))       AS first_day,
        min(n) OVER (PARTITION BY tenant_id, organizer_id) AS first_called
    FROM calls AS c
    INNER JOIN watched AS w ON w.tenant_id = c.tenant_id AND w.organizer_id = c.organizer_id
    GROUP BY tenant_id, organizer_id, day
)
SELECT
    tenant_id, organizer_id, day,
    n - first_day      AS history_days,
    n - first_called   AS calling_days,
    length(past)       AS active_days,
    history_days >= 14 AS enough,
    arrayReduce('medianExact', if(empty(past), [0], past))                                                  AS median_day,
    arrayReduce('medianExact', arrayMap(x -> abs(x - toInt64(median_day)), if(empty(past), [0], past)))     AS mad,
    if(enough, toNullable(toFloat64(median_day)), NULL)                                                     AS median_seconds,
    if(enough, toNullable(toFloat64(mad)), NULL)                                                            AS mad_seconds,
    if(enough, toNullable(toFloat64(arrayMax(if(empty(past), [0], past)))), NULL)                           AS longest_day_seconds,
    if(enough AND active_days >= 2, toNullable(toFloat64(arrayReduce('medianExact', longest_before))), NULL) AS longest_call_seconds,
    hours, countries, dear
FROM
(
    SELECT
        tenant_id, organizer_id, day, n, first_day, first_called,
        groupArray(toInt64(s)) OVER before    AS past,
        groupArray(longest) OVER before       AS longest_before,
        groupUniqArrayArray(h) OVER settled   AS hours,
        groupUniqArrayArray(c) OVER settled   AS countries,
        groupUniqArrayArray(e) OVER settled   AS dear
    FROM days
    WINDOW
        before  AS (PARTITION BY tenant_id, organizer_id ORDER BY n RANGE BETWEEN 42 PRECEDING AND 1 PRECEDING),
        settled AS (PARTITION BY tenant_id, organizer_id ORDER BY n RANGE BETWEEN 98 PRECEDING AND 8 PRECEDING)
)
