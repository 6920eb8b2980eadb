-- `peers` as the newest pass over all organizers had it.
SELECT tenant_id, day, peers, median_28d, p90_28d, p95_28d
FROM peer_days
WHERE has({tenants:Array(String)}, tenant_id) AND pass_id = {kept:UUID}
