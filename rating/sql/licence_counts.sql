-- How many licences make each tenant's pools in each month: by the newest snapshot of
-- its SKUs taken before the month's end, or the first one after.
WITH
snapshots AS
(
    SELECT tenant_id, arraySort(groupArray((snapshot_at, stored_at, snapshot_id))) AS taken
    FROM directory_snapshots
    WHERE kind IN ('skus', 'skus_seen')
      AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
    GROUP BY tenant_id
),
chosen AS
(
    SELECT DISTINCT
        tenant_id,
        m.1 AS month,
        taken[greatest(arrayCount(t -> t.1 < m.2, taken), 1)] AS snapshot,
        snapshot.1 AS skus_at,
        snapshot.3 AS snapshot_id
    FROM snapshots
    ARRAY JOIN arrayZip({months:Array(Date)}, {ends:Array(DateTime64(7, 'UTC'))}) AS m
),
counts AS
(
    SELECT
        snapshot_id,
        arrayMap(p -> lower(p), service_plan_ids) AS plans,
        lower(sku_part_number) AS part,
        hasAny(plans, {pool_plans:Array(String)}) OR has({pool_parts:Array(String)}, part) AS in_pool,
        NOT in_pool AND (hasAny(plans, {select_plans:Array(String)}) OR has({select_parts:Array(String)}, part)) AS in_select_pool,
        multiIf(
            in_pool AND has({pool_assigned:Array(String)}, part), consumed,
            in_pool AND has({pool_purchased:Array(String)}, part), enabled + warning,
            in_pool, if({pool_counts_assigned:Bool}, consumed, enabled + warning),
            in_select_pool AND has({select_assigned:Array(String)}, part), consumed,
            in_select_pool AND has({select_purchased:Array(String)}, part), enabled + warning,
            in_select_pool, if({select_counts_assigned:Bool}, consumed, enabled + warning),
            0) AS units,
        -- SKUs whose licences add minutes of their own.
        indexOf({pool_minute_parts:Array(String)}, part)   AS pool_own,
        indexOf({select_minute_parts:Array(String)}, part) AS select_own
    FROM
    (
        -- A snapshot whose rows were written twice, by an import that was killed, counts once.
        SELECT snapshot_id, sku_id, any(service_plan_ids) AS service_plan_ids, any(sku_part_number) AS sku_part_number,
            any(enabled) AS enabled, any(warning) AS warning, any(consumed) AS consumed
        FROM snapshot_skus
        WHERE snapshot_id IN (SELECT snapshot_id FROM chosen)
          AND lower(capability_status) IN ('enabled', 'warning')
        GROUP BY snapshot_id, sku_id
    )
)
SELECT
    c.tenant_id AS tenant_id,
    c.month AS month,
    c.skus_at AS skus_at,
    sumIf(greatest(s.units, 0), s.in_pool) AS pool_licences,
    sumIf(greatest(s.units, 0), s.in_select_pool) AS select_licences,
    sumIf(greatest(s.units, 0), s.in_pool AND s.pool_own > 0) AS pool_own_licences,
    sumIf(greatest(s.units, 0) * {pool_minutes:Array(Int64)}[s.pool_own], s.in_pool AND s.pool_own > 0) AS pool_own_minutes,
    sumIf(greatest(s.units, 0), s.in_select_pool AND s.select_own > 0) AS select_own_licences,
    sumIf(greatest(s.units, 0) * {select_minutes:Array(Int64)}[s.select_own], s.in_select_pool AND s.select_own > 0) AS select_own_minutes
FROM chosen AS c
LEFT JOIN counts AS s ON s.snapshot_id = c.snapshot_id
GROUP BY tenant_id, month, skus_at
