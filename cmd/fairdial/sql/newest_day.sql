-- The day of the newest call, of all tenants or of those named; the projection by_day answers it.
SELECT toDateTime(max(day), 'UTC')
FROM
(
    SELECT toDate(started_at) AS day
    FROM usage_revisions
    WHERE empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String)
    GROUP BY day
)
