-- The hours that changed records touch: the one in which each ended; those in which calls ended
-- that were up beside it; and the one of the next call to the same number, which may have become
-- new by it, or not new any more.
CREATE TABLE {table:Identifier} ENGINE = MergeTree ORDER BY (tenant_id, organizer_id, hour) AS
WITH
    mine AS
    (
        SELECT tenant_id, organizer_id, number, started_at, ended_at, seconds
        FROM {about:Identifier}
        WHERE has({tenants:Array(String)}, tenant_id) AND cityHash64(organizer_id) % {parts:UInt64} = {part:UInt64}
    )
SELECT DISTINCT tenant_id, organizer_id, hour
FROM
(
    SELECT tenant_id, organizer_id, toStartOfHour(ended_at) AS hour FROM mine
    UNION ALL
    SELECT m.tenant_id, m.organizer_id, toStartOfHour(c.ended_at) AS hour
    FROM
    (
        SELECT tenant_id, organizer_id, started_at, ended_at,
            arrayJoin(arrayMap(i -> toStartOfHour(started_at) + toIntervalHour(i), range(toUInt64(least(2400, 1 + dateDiff('hour', toStartOfHour(started_at), toStartOfHour(ended_at))))))) AS up
        FROM mine
        WHERE seconds > 0
    ) AS m
    INNER JOIN
    (
        SELECT tenant_id, organizer_id, started_at, ended_at,
            arrayJoin(arrayMap(i -> toStartOfHour(started_at) + toIntervalHour(i), range(toUInt64(least(2400, 1 + dateDiff('hour', toStartOfHour(started_at), toStartOfHour(ended_at))))))) AS up
        FROM calls
        WHERE seconds > 0
    ) AS c ON c.tenant_id = m.tenant_id AND c.organizer_id = m.organizer_id AND c.up = m.up
    WHERE c.ended_at >= m.ended_at AND c.started_at < m.ended_at
    UNION ALL
    SELECT m.tenant_id, m.organizer_id, toStartOfHour(c.ended_at) AS hour
    FROM mine AS m
    ASOF JOIN (SELECT tenant_id, organizer_id, number, ended_at FROM calls) AS c
        ON c.tenant_id = m.tenant_id AND c.organizer_id = m.organizer_id AND c.number = m.number AND m.ended_at < c.ended_at
)
