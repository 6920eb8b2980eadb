INSERT INTO compared_lines
(
    tenant_id, month, made_of, work_id, status, cause, signed_cause, bucket, source_bucket, currency, source_currency,
    calls, seconds, unpriced_calls, rated_usage, rated_connection, source_usage, source_connection, first, stored_at
)
