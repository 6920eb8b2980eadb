-- The calls that a pass can see, each with the step that first sees it: the first one at
-- which it has ended and latency has passed. What ended before the first step is seen by
-- the first step. A replay shows a step only what had ended by then, whenever it was
-- stored. Internal; rules read `calls`.
SELECT
    tenant_id, organizer_id, usage_id, conference_id, number, country, region, class, npa_nxx, high_cost, masked,
    started_at, ended AS ended_at, toDate(ended) AS day, seconds,
    fromUnixTimestamp64Milli({from_ms:Int64} + steps * {step_ms:Int64}, 'UTC') AS at,
    late + toInt64(3 * 3600) * 1000000000 AS later,
    fromUnixTimestamp64Milli({from_ms:Int64} + if(later > 0, intDiv(later + {step_ms:Int64} * 1000000 - 1, {step_ms:Int64} * 1000000), 0) * {step_ms:Int64}, 'UTC') AS settled_at,
    cityHash64(tenant_id, usage_id)                    AS row_key,
    -- Without a conference id every call is a meeting of its own.
    cityHash64(tenant_id, organizer_id, if(conference_id = '', usage_id, conference_id)) AS meeting_key,
    cityHash64(tenant_id, organizer_id, number)        AS callee_key
FROM
(
    SELECT
        tenant_id, organizer_id, usage_id, conference_id, callee_number AS number,
        destination_country AS country, destination_region AS region, destination_class AS class, npa_nxx, high_cost, masked,
        started_at, seconds,
        -- The billed length and the end can differ by rounding; the later one counts.
        greatest(ended_at, started_at + toIntervalSecond(seconds)) AS ended,
        toUnixTimestamp64Nano(ended) + {latency_ms:Int64} * 1000000 - {from_ms:Int64} * 1000000 AS late,
        if(late > 0, intDiv(late + {step_ms:Int64} * 1000000 - 1, {step_ms:Int64} * 1000000), 0) AS steps
    FROM {usage:Identifier}
    WHERE is_conf_out
      AND organizer_id != ''
      AND has({tenants:Array(String)}, tenant_id)
      AND started_at >= fromUnixTimestamp64Milli({history_ms:Int64}, 'UTC')
      AND started_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
)
WHERE {from_ms:Int64} + steps * {step_ms:Int64} <= {to_ms:Int64}
