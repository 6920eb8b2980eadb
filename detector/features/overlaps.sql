-- overlaps: how many different meetings of an organizer went on at the same time, on each
-- UTC day, as known at each step that sees a further call of it. From the intervals of
-- calls, never from counters. A meeting is a conference id, from when a leg of it is
-- connected to when none is. Only days with three conferences or more have rows.
--
--   tenant_id, organizer_id, day, at
--   meeting_seconds   the meetings' lengths added up; 86,400 are a day and night
--   most_meetings     that went on at once
--   surplus_seconds   meeting time beyond two at once: three meetings side by side for an
--                     hour are one hour of surplus, four are two
WITH
    -- Calls cut at midnight.
    pieces AS
    (
        SELECT
            tenant_id, organizer_id, at, cityHash64(conference_id) AS meeting,
            arrayJoin(arrayMap(i -> toDate(started_at) + i, range(toUInt64(1 + toDate(ended_at) - toDate(started_at))))) AS day,
            toInt64(toUnixTimestamp(toDateTime(day, 'UTC'))) * 1000 AS midnight,
            greatest(toUnixTimestamp64Milli(started_at), midnight)         AS opens,
            least(toUnixTimestamp64Milli(ended_at), midnight + 86400000)   AS closes
        FROM calls
        WHERE seconds > 0 AND conference_id != ''
    ),
    -- One meeting after the other, and of each what opens at a moment before what closes.
    days AS
    (
        SELECT
            tenant_id, organizer_id, day, groupUniqArray(at) AS sights,
            arraySort(groupArrayArray([(meeting, opens, -1, at), (meeting, closes, 1, at)])) AS marks
        FROM pieces
        GROUP BY tenant_id, organizer_id, day
        HAVING uniqExact(meeting) >= 3
    ),
    -- A meeting opens with its first leg and closes with its last. As each has as many openings as
    -- closings, adding up begins at nothing with each. A turn is twice its time, one more where it opens.
    turns AS
    (
        SELECT
            tenant_id, organizer_id, day, arrayJoin(sights) AS seen,
            arrayFilter(m -> m.4 <= seen, marks)      AS legs,
            arrayCumSum(m -> -m.3, legs)              AS inside,
            arraySort(arrayMap(m -> m.2 * 2 + (m.3 = -1), arrayFilter((m, n) -> n = 0 OR n = 1 AND m.3 = -1, legs, inside))) AS turns,
            arrayCumSum(t -> if(t % 2 = 1, 1, -1), turns) AS open,
            arrayMap((t, u) -> intDiv(u, 2) - intDiv(t, 2), turns, arrayPushBack(arrayPopFront(turns), turns[-1])) AS lasts
        FROM days
    )
SELECT
    tenant_id, organizer_id, day, seen AS at,
    toInt64(arraySum((n, s) -> n * s, open, lasts)) / 1000                 AS meeting_seconds,
    toUInt32(arrayMax(open))                                               AS most_meetings,
    toInt64(arraySum((n, s) -> greatest(n - 2, 0) * s, open, lasts)) / 1000 AS surplus_seconds
FROM turns
