-- peers: how much the organizers of a tenant use, on each UTC day: quantiles of
-- counted_seconds (see calls) over the 28 days before it. Only who
-- called in those days is a peer.
--
--   tenant_id, day, peers, median_28d, p90_28d, p95_28d
WITH
    -- What each organizer used comes in on the day after and goes out four weeks later.
    turns AS
    (
        SELECT
            tenant_id, organizer_id, day,
            sum(k) OVER so_far AS total,
            sum(n) OVER so_far AS days,
            leadInFrame(day, 1, day) OVER (PARTITION BY tenant_id, organizer_id ORDER BY day ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS until
        FROM
        (
            SELECT tenant_id, organizer_id, turn.1 AS day, sum(turn.2) AS k, sum(turn.3) AS n
            FROM
            (
                SELECT tenant_id, organizer_id, day AS on, sum(counted_seconds) AS counted
                FROM calls
                GROUP BY tenant_id, organizer_id, day
            )
            ARRAY JOIN [(on + 1, toInt64(counted), 1), (on + 29, -toInt64(counted), -1)] AS turn
            GROUP BY tenant_id, organizer_id, day
        )
        WINDOW so_far AS (PARTITION BY tenant_id, organizer_id ORDER BY day ROWS UNBOUNDED PRECEDING)
    )
SELECT
    tenant_id, day,
    count() AS peers,
    quantileExact(0.5)(total)  AS median_28d,
    quantileExact(0.9)(total)  AS p90_28d,
    quantileExact(0.95)(total) AS p95_28d
FROM
(
    SELECT tenant_id, arrayJoin(arrayMap(i -> day + i, range(toUInt64(until - day)))) AS day, toUInt64(total) AS total
    FROM turns
    WHERE days > 0
)
GROUP BY tenant_id, day
