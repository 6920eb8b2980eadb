-- marks: what a call is among the others of its conference and of its organizer: see calls, of which
-- this is the dearer half, made by itself so that the two fit into the engine's memory one after the
-- other. Internal.
--
--   row_key, legs_inside, legs_around, new_callee, callee_days, standing
--   counted   counted_seconds
WITH
    ranked AS
    (
        WITH
            -- Minutes between two times of the day, around midnight.
            (a, b) -> 720 - abs(720 - abs(toInt32(toHour(a) * 60 + toMinute(a)) - toInt32(toHour(b) * 60 + toMinute(b)))) AS apart
        SELECT
            row_key, meeting_key, started_at, ended_at, day, seconds,
            row_number() OVER meeting                                                      AS ended_by,
            lagInFrame(ended_at) OVER (meeting ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)   AS left_at,
            ended_by = 1 OR started_at > left_at + toIntervalMinute(60)                    AS opens,
            lagInFrame(toNullable(ended_at)) OVER (callee ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous,
            min(ended_at) OVER (callee ROWS UNBOUNDED PRECEDING)                           AS first,
            lagInFrame(started_at, 1, started_at) OVER (routine ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS once,
            lagInFrame(started_at, 2, started_at) OVER (routine ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS twice,
            toDate(twice) < toDate(once) AND toDate(once) < toDate(started_at) AND seconds <= 7200
                AND apart(started_at, once) <= 75 AND apart(started_at, twice) <= 75      AS standing
        FROM base
        WINDOW
            meeting AS (PARTITION BY meeting_key ORDER BY ended_at, row_key),
            callee  AS (PARTITION BY callee_key ORDER BY ended_at, row_key),
            routine AS (PARTITION BY meeting_key, callee_key ORDER BY started_at, row_key)
    ),
    -- How many legs of a conference have begun by a time.
    begun AS
    (
        SELECT meeting_key, started_at, count() OVER (PARTITION BY meeting_key ORDER BY started_at RANGE UNBOUNDED PRECEDING) AS begun
        FROM base
        WHERE conference_id != ''
    ),
    joined AS
    (
        SELECT
            c.row_key AS row_key, c.meeting_key AS meeting_key, c.ended_at AS ended_at, c.day AS day, c.ended_by AS ended_by,
            sum(c.opens) OVER (PARTITION BY c.meeting_key ORDER BY c.ended_by ROWS UNBOUNDED PRECEDING) AS session,
            greatest(1, c.ended_by - r.ended_by) AS legs_inside,
            if(legs_inside <= 2, c.seconds, 0)   AS of_two,
            c.previous IS NULL OR c.previous < c.started_at - toIntervalDay(56) AS new_callee,
            greatest(0, dateDiff('day', c.first, c.started_at)) AS callee_days,
            c.standing AS standing,
            greatest(1, toInt64(b.begun) - toInt64(r.ended_by)) AS legs_around
        FROM ranked AS c
        ASOF LEFT JOIN (SELECT meeting_key, ended_at, ended_by FROM ranked) AS r ON c.meeting_key = r.meeting_key AND c.started_at >= r.ended_at
        ASOF LEFT JOIN begun AS b ON c.meeting_key = b.meeting_key AND c.ended_at > b.started_at
    )
SELECT
    row_key, legs_inside, legs_around, new_callee, callee_days, standing,
    sum(of_two) OVER (PARTITION BY meeting_key, session, day ORDER BY ended_by ROWS UNBOUNDED PRECEDING) AS so_far,
    least(of_two, greatest(0, 4 * 3600 - (toInt64(so_far) - of_two))) AS counted
FROM joined
