SELECT
    status, usage_id, organizer_id, started_at, seconds, bucket, bucket_after, reason, amount, currency, capability, source_bucket,
    source_amount, source_currency
FROM compared
WHERE status != 'match'
ORDER BY started_at, usage_id
