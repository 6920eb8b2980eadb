-- The rows of the hours that a run makes anew; those that are as they were are left out.
INSERT INTO organizer_hour_rows
(
    tenant_id, organizer_id, hour, made_at, run_id, digest, calls, answered, seconds, short_calls, long_calls, callees, new_callees,
    top_callee_share, callee_entropy, top_block_share, block_entropy, most_legs, hours_up, sequential_callees,
    toll_free_calls, toll_free_seconds, high_cost_calls, high_cost_seconds, plus_one_abroad_calls, plus_one_abroad_seconds,
    addon_seconds, exposure_amount
)
SELECT
    tenant_id, organizer_id, hour, fromUnixTimestamp64Micro({made_us:Int64}, 'UTC') AS made_at, {run:UUID} AS run_id,
    cityHash64(toString((calls, answered, seconds, short_calls, long_calls, callees, new_callees,
        top_callee_share, callee_entropy, top_block_share, block_entropy, most_legs, hours_up, sequential_callees,
        toll_free_calls, toll_free_seconds, high_cost_calls, high_cost_seconds, plus_one_abroad_calls, plus_one_abroad_seconds,
        addon_seconds, exposure_amount))) AS digest,
    calls, answered, seconds, short_calls, long_calls, callees, new_callees,
    top_callee_share, callee_entropy, top_block_share, block_entropy, most_legs, hours_up, sequential_callees,
    toll_free_calls, toll_free_seconds, high_cost_calls, high_cost_seconds, plus_one_abroad_calls, plus_one_abroad_seconds,
    addon_seconds, exposure_amount
FROM
(
    /* hours */
)
WHERE {whole:Bool} OR (tenant_id, organizer_id, hour, digest) NOT IN
(
    SELECT toString(tenant_id), organizer_id, hour, digest
    FROM organizer_hours
    WHERE (tenant_id, organizer_id) IN (SELECT tenant_id, organizer_id FROM {touched:Identifier}) AND hour IN (SELECT hour FROM {touched:Identifier})
)
