SELECT
    status, cause, signed_cause, bucket, source_bucket, currency, source_currency,
    count()                AS calls,
    sum(seconds)           AS seconds,
    countIf(unpriced > 0)  AS unpriced_calls,
    sum(usage_amount)      AS rated_usage,
    sum(connection)        AS rated_connection,
    sum(source_usage)      AS source_usage,
    sum(source_connection) AS source_connection
FROM compared
GROUP BY status, cause, signed_cause, bucket, source_bucket, currency, source_currency
ORDER BY status, cause, signed_cause, bucket, source_bucket, currency, source_currency
SETTINGS prefer_column_name_to_alias = 1
