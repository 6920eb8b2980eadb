-- The day of the newest call of the tenants that the reader sees, which the projection by_day answers from a few rows a day.
SELECT toDateTime(toDate(started_at), 'UTC') AS at
FROM usage_revisions
WHERE empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String)
GROUP BY toDate(started_at)
ORDER BY toDate(started_at) DESC
LIMIT 1
