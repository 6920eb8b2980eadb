-- What closed months of a tenant would say now, less what has been billed of them: by the
-- statements that closed them, and by adjustments in later ones.
SELECT
    d.of_month AS of_month, d.organizer_id AS organizer_id, o.upn AS organizer_upn, d.bucket AS bucket, d.currency AS currency,
    d.calls AS calls, d.calls_begun AS calls_begun, d.seconds AS seconds, d.billed_tenths AS billed_tenths,
    d.amount AS amount, d.unpriced_calls AS unpriced_calls, d.unpriced_seconds AS unpriced_seconds
FROM
(
    SELECT
        formatDateTime(of_month, '%Y-%m') AS of_month, organizer_id, bucket, currency,
        sum(calls) AS calls, sum(calls_begun) AS calls_begun, sum(seconds) AS seconds, sum(billed_tenths) AS billed_tenths,
        sum(amount) AS amount, sum(unpriced_calls) AS unpriced_calls, sum(unpriced_seconds) AS unpriced_seconds
    FROM
    (
        SELECT
            month AS of_month, organizer_id, bucket, currency,
            count()::Int64 AS calls, countIf(part = 0)::Int64 AS calls_begun, sum(rating_rows.seconds)::Int64 AS seconds,
            sum(rating_rows.billed_tenths)::Int64 AS billed_tenths, ifNull(sum(rating_rows.amount), 0)::Decimal(38, 7) AS amount,
            countIf(rating_rows.amount IS NULL)::Int64 AS unpriced_calls,
            sumIf(rating_rows.seconds, rating_rows.amount IS NULL)::Int64 AS unpriced_seconds
        FROM rating_rows
        WHERE tenant_id = {tenant:String} AND month IN ({months:Array(Date)}) AND run_id IN ({runs:Array(UUID)})
        GROUP BY month, organizer_id, bucket, currency
        UNION ALL
        SELECT
            of_month, organizer_id, bucket, currency,
            -closed_rows.calls, -closed_rows.calls_begun, -closed_rows.seconds, -closed_rows.billed_tenths, -closed_rows.amount,
            -closed_rows.unpriced_calls, -closed_rows.unpriced_seconds
        FROM closed_rows
        WHERE tenant_id = {tenant:String} AND of_month IN ({months:Array(Date)}) AND close_id IN ({closes:Array(UUID)})
    )
    GROUP BY of_month, organizer_id, bucket, currency
    HAVING calls != 0 OR calls_begun != 0 OR seconds != 0 OR billed_tenths != 0 OR amount != 0 OR unpriced_calls != 0 OR unpriced_seconds != 0
    SETTINGS prefer_column_name_to_alias = 0
) AS d
LEFT JOIN (SELECT organizer_id, upn FROM organizers WHERE tenant_id = {tenant:String}) AS o ON o.organizer_id = d.organizer_id
ORDER BY of_month, organizer_id, bucket, currency
