-- By which snapshot of its SKUs each tenant's pools are counted in each month: the newest one taken
-- before the month's end, or the first one after.
SELECT tenant_id, month, tupleElement(chosen, 1) AS skus_at, toString(tupleElement(chosen, 3)) AS snapshot_id
FROM
(
    SELECT
        tenant_id::String AS tenant_id, m.1 AS month,
        if(countIf(snapshot_at < m.2) > 0, maxIf((snapshot_at, stored_at, snapshot_id), snapshot_at < m.2), min((snapshot_at, stored_at, snapshot_id))) AS chosen
    FROM directory_snapshots
    ARRAY JOIN arrayZip({months:Array(Date)}, {ends:Array(DateTime64(7, 'UTC'))}) AS m
    WHERE kind IN ('skus', 'skus_seen')
      AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
    GROUP BY tenant_id, m
)
