-- What credits pay for by the hour in which calls ended: a balance is followed from hour to hour,
-- and call by call in those hours alone in which it ends or a deposit comes. When a call ended
-- that crossed the end of its pool, its row alone does not say: of those it is where they are.
ALTER TABLE rating_rows ADD PROJECTION IF NOT EXISTS by_credits_hour
(
    SELECT
        tenant_id, month, run_id, currency,
        if(bucket = 'credits' AND part = 0, toStartOfHour(started_at + toIntervalSecond(seconds)), toDateTime(0, 'UTC')),
        if(bucket = 'credits' AND part > 0, started_at, toDateTime64(0, 7, 'UTC')),
        count(),
        countIf(amount IS NULL),
        sum(amount),
        min(started_at),
        max(started_at)
    GROUP BY
        tenant_id, month, run_id, currency,
        if(bucket = 'credits' AND part = 0, toStartOfHour(started_at + toIntervalSecond(seconds)), toDateTime(0, 'UTC')),
        if(bucket = 'credits' AND part > 0, started_at, toDateTime64(0, 7, 'UTC'))
);

ALTER TABLE rating_rows MATERIALIZE PROJECTION by_credits_hour;
