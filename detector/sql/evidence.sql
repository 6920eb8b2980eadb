-- The calls that prove each hit: of the organizer, in the window, seen by the step, and
-- such as the rule says. By kind of destination, as each has its own rate.
SELECT
    h.hit AS hit, c.country AS country, c.class AS class, c.high_cost AS high_cost,
    count()                AS calls,
    sum(c.seconds)         AS seconds,
    groupArraySorted(50)((-toInt64(c.seconds), c.usage_id)) AS largest
FROM calls AS c
INNER JOIN hits AS h ON c.tenant_id = h.tenant_id AND c.organizer_id = h.organizer_id
WHERE c.at <= h.at AND c.started_at < h.window_end AND c.ended_at >= h.window_start
  AND (
    /* evidence */
  )
GROUP BY hit, country, class, high_cost
ORDER BY hit, country, class, high_cost
