-- `hours` as the table has them that the pass has just brought up to date.
SELECT
    toString(tenant_id) AS tenant_id, organizer_id, hour, calls, answered, seconds, short_calls, long_calls, callees, new_callees,
    top_callee_share, callee_entropy, top_block_share, block_entropy, most_legs, hours_up, sequential_callees,
    toll_free_calls, toll_free_seconds, high_cost_calls, high_cost_seconds, plus_one_abroad_calls, plus_one_abroad_seconds,
    addon_seconds, exposure_amount
FROM organizer_hours
WHERE has({tenants:Array(String)}, tenant_id)
  AND hour >= toStartOfHour(fromUnixTimestamp64Milli({history_ms:Int64}, 'UTC')) AND hour < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
