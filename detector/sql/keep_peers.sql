-- What a pass over new records will take for `peers`.
INSERT INTO peer_days (tenant_id, pass_id, day, peers, median_28d, p90_28d, p95_28d, made_at)
SELECT tenant_id, {pass:UUID}, day, peers, median_28d, p90_28d, p95_28d, now()
FROM {table:Identifier}
