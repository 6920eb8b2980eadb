-- A tenant's statement in detail: of a run, or of a month that is closed.
SELECT
    e.tenant_id AS tenant_id, formatDateTime(e.month, '%Y-%m') AS month, formatDateTime(e.of_month, '%Y-%m') AS of_month,
    e.organizer_id AS organizer_id, o.upn AS organizer_upn, o.name AS organizer_name,
    e.destination_country AS destination_country, e.destination_class AS destination_class,
    e.bucket AS bucket, e.reason AS reason, e.conferencing AS conferencing, e.unfunded_because AS unfunded_because, e.currency AS currency,
    e.calls AS calls, e.calls_begun AS calls_begun, e.seconds AS seconds, e.billed_tenths AS billed_tenths, e.amount AS amount,
    e.unpriced_calls AS unpriced_calls, e.unpriced_seconds AS unpriced_seconds
FROM
(
    SELECT
        tenant_id, month, month AS of_month, 0::UInt64 AS row_number, organizer_id, destination_country, destination_class,
        bucket, reason, conferencing, unfunded_because, currency,
        count()::Int64                             AS calls,
        countIf(part = 0)::Int64                   AS calls_begun,
        sum(rating_rows.seconds)::Int64            AS seconds,
        sum(rating_rows.billed_tenths)::Int64      AS billed_tenths,
        sum(rating_rows.amount)::Nullable(Decimal(38, 7)) AS amount,
        countIf(rating_rows.amount IS NULL)::Int64 AS unpriced_calls,
        sumIf(rating_rows.seconds, rating_rows.amount IS NULL)::Int64 AS unpriced_seconds
    FROM rating_rows
    WHERE tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID}
    GROUP BY
        tenant_id, month, organizer_id, destination_country, destination_class, bucket, reason, conferencing, unfunded_because, currency
    UNION ALL
    SELECT
        tenant_id, month, of_month, row_number, organizer_id, destination_country, destination_class,
        bucket, reason, conferencing, unfunded_because, currency,
        calls, calls_begun, seconds, billed_tenths,
        -- Frozen rows have no NULL: 0 for calls of which none has a price is unknown.
        if(unpriced_calls != 0 AND unpriced_calls = calls AND closed_rows.amount = 0, NULL, closed_rows.amount) AS amount,
        unpriced_calls, unpriced_seconds
    FROM closed_rows
    WHERE tenant_id = {tenant:String} AND month = {month:Date} AND close_id = {close:UUID}
) AS e
LEFT JOIN
(
    SELECT organizer_id, upn, name FROM organizers WHERE tenant_id = {tenant:String}
) AS o ON o.organizer_id = e.organizer_id
ORDER BY
    row_number, organizer_id, destination_country, destination_class, bucket, reason, conferencing, unfunded_because, currency
