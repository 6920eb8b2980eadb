-- The span of calls of any kind that are known of each tenant: a day after it is not a
-- quiet one, but one that is not known yet. Which days it begins and ends on, the projection
-- by_destination tells; calls are read of those days alone.
WITH
days AS
(
    SELECT tenant_id, toDate(started_at) AS day
    FROM usage_revisions
    WHERE toDate(started_at) >= toDate({from:DateTime64(7, 'UTC')}) AND toDate(started_at) <= toDate({at:DateTime64(7, 'UTC')})
      AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
    GROUP BY tenant_id, day
),
-- The first and the last day may have no call from {from} on and before {at}: the ones beside them then have.
ends AS
(
    SELECT tenant_id, arrayJoin(arrayDistinct(arrayConcat(arraySlice(arraySort(groupArray(day)), 1, 2), arraySlice(arraySort(groupArray(day)), -2)))) AS day
    FROM days
    GROUP BY tenant_id
)
SELECT tenant_id, min(started_at) AS first, max(started_at) AS last
FROM usage_revisions
WHERE started_at >= {from:DateTime64(7, 'UTC')} AND started_at < {at:DateTime64(7, 'UTC')}
  AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
  AND (tenant_id, toDate(started_at)) IN (SELECT tenant_id, day FROM ends)
GROUP BY tenant_id
