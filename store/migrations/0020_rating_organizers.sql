-- What pages add up of rated calls by organizer and destination: statements in detail, what a person's
-- calls were paid from, who drew on a pool.
ALTER TABLE rating_rows ADD PROJECTION IF NOT EXISTS by_organizer
(
    SELECT
        tenant_id, month, run_id, organizer_id, destination_country, destination_class, bucket, reason, conferencing, unfunded_because, pool, currency,
        count(),
        countIf(part = 0),
        sum(seconds),
        sum(billed_tenths),
        sum(amount),
        countIf(amount IS NULL),
        sumIf(seconds, amount IS NULL),
        countIf(part = 0 AND pool_before > pool_after),
        sumIf(pool_before - pool_after, part = 0)
    GROUP BY
        tenant_id, month, run_id, organizer_id, destination_country, destination_class, bucket, reason, conferencing, unfunded_because, pool, currency
);

ALTER TABLE rating_rows MATERIALIZE PROJECTION by_organizer;

-- What calls asked of pools and what those gave, by quarters of an hour, at which the days of
-- every time zone begin.
ALTER TABLE rating_rows ADD PROJECTION IF NOT EXISTS by_quarter
(
    SELECT
        tenant_id, month, run_id, pool, toStartOfFifteenMinutes(started_at),
        sum(if(part = 0, greatest(pool_before - pool_after, seconds), seconds)),
        sumIf(pool_before - pool_after, part = 0),
        minIf(started_at, part = 0 AND pool_before > 0 AND pool_after = 0),
        countIf(part = 0 AND pool_before > 0 AND pool_after = 0)
    GROUP BY
        tenant_id, month, run_id, pool, toStartOfFifteenMinutes(started_at)
);

ALTER TABLE rating_rows MATERIALIZE PROJECTION by_quarter;
