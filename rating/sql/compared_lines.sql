SELECT
    {tenant:String}, {month:Date}, unhex({made_of:String}), {work:UUID},
    status, cause, signed_cause, bucket, source_bucket, currency, source_currency,
    count()                AS calls,
    sum(seconds)           AS all_seconds,
    countIf(unpriced > 0)  AS unpriced_calls,
    sum(usage_amount)      AS rated_usage,
    sum(connection)        AS rated_connection,
    sum(source_usage)      AS charged_usage,
    sum(source_connection) AS charged_connection,
    -- Those that are furthest apart.
    arrayMap(r -> r.2, groupArraySorted(10001)((negate(apart), (
        started_at, usage_id, organizer_id, seconds, destination_country::String, destination_class::String, bucket_after, reason,
        if(unpriced > 0, NULL, amount)::Nullable(Decimal(38, 7)), usage_amount::Decimal(38, 7), connection::Decimal(38, 6), capability::String,
        source_amount::Decimal(38, 6), source_usage::Decimal(38, 6), source_connection::Decimal(38, 6))))) AS first,
    {stored_at:DateTime64(6, 'UTC')}
FROM compared
GROUP BY status, cause, signed_cause, bucket, source_bucket, currency, source_currency
SETTINGS prefer_column_name_to_alias = 1
