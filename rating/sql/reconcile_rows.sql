SELECT
    status, cause, usage_id, organizer_id, started_at, seconds, destination_country, destination_class, bucket, bucket_after, reason,
    if(unpriced > 0, NULL, amount) AS rated_amount, usage_amount, connection, currency, capability, source_bucket, source_amount,
    source_usage, source_connection, source_currency
FROM compared
WHERE multiIf({class:String} = '', status != 'match', {class:String} = 'all', true, {class:String} = 'unpriced', unpriced > 0, {class:String} IN (status, cause))
ORDER BY if({furthest:Bool}, apart, 0) DESC, started_at, usage_id
LIMIT {limit:UInt64}
