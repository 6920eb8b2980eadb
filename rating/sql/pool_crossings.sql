-- Which thresholds (percent of its size) each pool has crossed in the run that counts, by
-- which call, and where the pool stands. At a threshold is across it: a pool that is used
-- up to the very second is at 100 %.
WITH drawn AS
(
    SELECT
        d.tenant_id AS tenant_id, d.month AS month, d.run_id AS run_id, d.pool AS pool, d.started_at AS started_at, d.usage_id AS usage_id,
        if(d.pool = 'select', r.select_pool_seconds, r.pool_seconds) AS size,
        if(d.pool = 'select', r.select_licences, r.pool_licences)    AS licences,
        size - d.pool_after AS used
    FROM rating_rows AS d
    INNER JOIN rating_current AS r ON r.tenant_id = d.tenant_id AND r.month = d.month AND r.run_id = d.run_id
    WHERE d.part = 0 AND d.pool != '' AND d.pool_before > d.pool_after
      AND (d.tenant_id, d.month, d.run_id) IN (SELECT tenant_id, month, run_id FROM rating_current)
),
standing AS
(
    SELECT tenant_id, month, pool, run_id, size, licences, max(used) AS used_at_end
    FROM drawn
    WHERE size > 0
    GROUP BY tenant_id, month, pool, run_id, size, licences
    HAVING used_at_end * 100 >= size * {lowest:UInt32}
)
SELECT
    s.tenant_id AS tenant_id, s.month AS month, s.pool AS pool, s.run_id AS run_id, s.size AS size, s.licences AS licences,
    s.used_at_end AS used, c.threshold AS threshold, c.crossed_at AS crossed_at, c.crossed_by AS usage_id
FROM standing AS s
INNER JOIN
(
    SELECT tenant_id, month, pool, threshold, min((started_at, lower(usage_id), usage_id)) AS crosser, crosser.1 AS crossed_at, crosser.3 AS crossed_by
    FROM drawn
    ARRAY JOIN {thresholds:Array(UInt32)} AS threshold
    WHERE size > 0 AND used * 100 >= size * threshold
    GROUP BY tenant_id, month, pool, threshold
) AS c ON c.tenant_id = s.tenant_id AND c.month = s.month AND c.pool = s.pool
ORDER BY tenant_id, month, pool, threshold
