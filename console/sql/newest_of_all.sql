-- The day of the newest call, which the projection by_day answers from a few rows a day.
SELECT toDateTime(toDate(started_at), 'UTC') AS at
FROM usage_revisions
GROUP BY toDate(started_at)
ORDER BY toDate(started_at) DESC
LIMIT 1
