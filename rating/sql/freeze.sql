-- Copies the statement of a run in detail, in the order of the canonical CSV.
INSERT INTO closed_rows
(
    close_id, run_id, tenant_id, month, of_month, row_number, organizer_id, destination_country, destination_class,
    bucket, reason, conferencing, unfunded_because, currency,
    calls, calls_begun, seconds, billed_tenths, amount, unpriced_calls, unpriced_seconds, stored_at
)
SELECT
    {close:UUID}, {run:UUID}, {tenant:String}, {month:Date}, {month:Date},
    row_number() OVER
    (
        ORDER BY organizer_id, destination_country, destination_class, bucket, reason, conferencing, unfunded_because, currency
    ),
    organizer_id, destination_country, destination_class, bucket, reason, conferencing, unfunded_because, currency,
    calls, calls_begun, seconds, billed_tenths, amount, unpriced_calls, unpriced_seconds, {stored_at:DateTime64(6, 'UTC')}
FROM
(
    SELECT
        organizer_id, destination_country, destination_class, bucket, reason, conferencing, unfunded_because, currency,
        count()                                    AS calls,
        countIf(part = 0)                          AS calls_begun,
        sum(rating_rows.seconds)                   AS seconds,
        sum(rating_rows.billed_tenths)             AS billed_tenths,
        ifNull(sum(rating_rows.amount), 0)         AS amount,
        countIf(rating_rows.amount IS NULL)        AS unpriced_calls,
        sumIf(rating_rows.seconds, rating_rows.amount IS NULL) AS unpriced_seconds
    FROM rating_rows
    WHERE tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID}
    GROUP BY organizer_id, destination_country, destination_class, bucket, reason, conferencing, unfunded_because, currency
)
