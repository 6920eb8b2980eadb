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
    sights AS
    (
        SELECT tenant_id, organizer_id, day, arrayJoin(groupUniqArray(at)) AS seen
        FROM pieces
        GROUP BY tenant_id, organizer_id, day
        HAVING uniqExact(meeting) >= 3
    ),
    marks AS
    (
        SELECT s.tenant_id AS tenant_id, s.organizer_id AS organizer_id, s.day AS day, s.seen AS seen, p.meeting AS meeting, mark.1 AS t, mark.2 AS step
        FROM pieces AS p
        INNER JOIN sights AS s ON s.tenant_id = p.tenant_id AND s.organizer_id = p.organizer_id AND s.day = p.day
        ARRAY JOIN [(p.opens, 1), (p.closes, -1)] AS mark
        WHERE p.at <= s.seen
    ),
    -- A meeting opens with its first leg and closes with its last.
    turns AS
    (
        SELECT tenant_id, organizer_id, day, seen, t, step
        FROM
        (
            SELECT *, sum(step) OVER (PARTITION BY tenant_id, organizer_id, day, seen, meeting ORDER BY t, step DESC ROWS UNBOUNDED PRECEDING) AS legs
            FROM marks
        )
        WHERE legs = 0 OR (legs = 1 AND step = 1)
    ),
    levels AS
    (
        SELECT
            tenant_id, organizer_id, day, seen, t,
            sum(step) OVER (PARTITION BY tenant_id, organizer_id, day, seen ORDER BY t, step ROWS UNBOUNDED PRECEDING) AS open,
            leadInFrame(t, 1, t) OVER (PARTITION BY tenant_id, organizer_id, day, seen ORDER BY t, step ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS until
        FROM turns
    )
SELECT
    tenant_id, organizer_id, day, seen AS at,
    sum(open * (until - t)) / 1000                 AS meeting_seconds,
    toUInt32(max(open))                            AS most_meetings,
    sum(greatest(open - 2, 0) * (until - t)) / 1000 AS surplus_seconds
FROM levels
GROUP BY tenant_id, organizer_id, day, seen
