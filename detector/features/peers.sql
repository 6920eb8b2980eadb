-- peers: how much the organizers of a tenant use, on each UTC day: quantiles of
-- counted_seconds (see calls) over the 28 days before it. Only who
-- called in those days is a peer.
--
--   tenant_id, day, peers, median_28d, p90_28d, p95_28d
WITH totals AS
(
    SELECT tenant_id, organizer_id, arrayJoin(arrayMap(i -> day + i, range(1, 29))) AS day, sum(k) AS total
    FROM
    (
        SELECT tenant_id, organizer_id, day, sum(counted_seconds) AS k
        FROM calls
        GROUP BY tenant_id, organizer_id, day
    )
    GROUP BY tenant_id, organizer_id, day
)
SELECT
    tenant_id, day,
    count() AS peers,
    quantileExact(0.5)(total)  AS median_28d,
    quantileExact(0.9)(total)  AS p90_28d,
    quantileExact(0.95)(total) AS p95_28d
FROM totals
GROUP BY tenant_id, day
