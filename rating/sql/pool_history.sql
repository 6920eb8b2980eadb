-- What became of a tenant's pools in a month, movement by movement. Every balance is
-- worked out anew from the size and the draws; what the rating said of each call is beside
-- it, so that a gap would be seen.
--
-- A size that a licence snapshot showed during the month moves nothing: the rating gives
-- the whole month the size at its end.
WITH movements AS
(
    SELECT
        'opening' AS kind, p.1 AS pool, {month_from:DateTime64(7, 'UTC')} AS at, '' AS usage_id, '' AS organizer_id, 0::UInt32 AS seconds,
        0::Int64 AS drawn, -1::Int64 AS rated_before, p.2 AS licences, p.3 AS size, 0 AS place
    FROM (SELECT arrayJoin(arrayZip({pools:Array(String)}, {licences:Array(Int64)}, {sizes:Array(Int64)})) AS p)

    UNION ALL

    SELECT 'size', p.2, p.1, '', '', 0, 0, -1, p.3, p.4, 1
    FROM (SELECT arrayJoin(arrayZip(
        {size_at:Array(DateTime64(3, 'UTC'))}, {size_pools:Array(String)}, {size_licences:Array(Int64)}, {size_seconds:Array(Int64)})) AS p)

    UNION ALL

    SELECT 'call', pool, started_at, usage_id, organizer_id, seconds, pool_before - pool_after, pool_before, 0, 0, 2
    FROM rating_rows
    WHERE tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID}
      AND part = 0 AND pool != '' AND pool_before > pool_after

    UNION ALL

    SELECT 'closing', p, {month_to:DateTime64(7, 'UTC')}, '', '', 0, 0, -1, 0, 0, 3
    FROM (SELECT arrayJoin({pools:Array(String)}) AS p)
),
balanced AS
(
    SELECT
        kind, pool, at, usage_id, organizer_id, seconds, drawn, rated_before, licences, size, place,
        arrayElement({sizes:Array(Int64)}, indexOf({pools:Array(String)}, pool)) - sum(drawn) OVER
        (
            PARTITION BY pool
            ORDER BY at, place, lower(usage_id), usage_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS balance
    FROM movements
)
SELECT
    kind, pool, at, usage_id, organizer_id, seconds, licences, size, drawn, rated_before,
    if(kind = 'opening', 0, balance + drawn) AS balance_before,
    balance AS balance_after,
    -- Between this row and the one shown before it; not 0 only where rows are left out.
    if(kind = 'opening', 0,
        lagInFrame(balance) OVER (PARTITION BY pool ORDER BY at, place, lower(usage_id), usage_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - (balance + drawn)) AS drawn_by_others
FROM balanced
WHERE kind != 'call' OR {organizer:String} = '' OR organizer_id = {organizer:String}
ORDER BY pool DESC, at, place, lower(usage_id), usage_id
LIMIT {limit:UInt64} OFFSET {from:UInt64}
