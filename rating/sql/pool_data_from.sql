-- When each tenant's first call of any kind began from a moment on. On which day, the projection
-- by_destination tells; calls are read of that day alone, or of two where the moment is within a day.
WITH
days AS
(
    SELECT tenant_id, toDate(started_at) AS day
    FROM usage_revisions
    WHERE toDate(started_at) >= toDate({from:DateTime64(7, 'UTC')})
      AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
    GROUP BY tenant_id, day
)
SELECT tenant_id, min(started_at) AS first
FROM usage_revisions
WHERE started_at >= {from:DateTime64(7, 'UTC')}
  AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
  AND (tenant_id, toDate(started_at)) IN (SELECT tenant_id, arrayJoin(arraySlice(arraySort(groupArray(day)), 1, {days:UInt8})) FROM days GROUP BY tenant_id)
GROUP BY tenant_id
