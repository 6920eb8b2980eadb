-- What statements and breakdowns add up of rated calls, by day: some rows a run and day, in
-- place of one a call.
ALTER TABLE rating_rows ADD PROJECTION IF NOT EXISTS by_bucket
(
    SELECT
        tenant_id, month, run_id, toDate(started_at), bucket, reason, conferencing, unfunded_because, pool, currency,
        count(),
        countIf(part = 0),
        sum(seconds),
        sum(billed_tenths),
        sum(amount),
        countIf(amount IS NULL),
        sumIf(seconds, amount IS NULL),
        min(pool_after),
        minIf(started_at, pool != '' AND pool_after = 0 AND seconds > 0),
        countIf(pool != '' AND pool_after = 0 AND seconds > 0)
    GROUP BY
        tenant_id, month, run_id, toDate(started_at), bucket, reason, conferencing, unfunded_because, pool, currency
);

ALTER TABLE rating_rows MATERIALIZE PROJECTION by_bucket;
