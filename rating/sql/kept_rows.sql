-- The records of a class that are furthest apart, as reconcile_rows has them: of each line the first are kept.
SELECT
    status, cause, r.usage_id AS usage_id, r.organizer_id AS organizer_id, r.started_at AS started_at, r.seconds AS seconds,
    r.destination_country AS destination_country, r.destination_class AS destination_class, bucket, r.bucket_after AS bucket_after, r.reason AS reason,
    r.rated_amount AS rated_amount, r.usage_amount AS usage_amount, r.connection AS connection, currency, r.capability AS capability, source_bucket,
    r.source_amount AS source_amount, r.source_usage AS source_usage, r.source_connection AS source_connection, source_currency
FROM
(
    SELECT status, cause, bucket, source_bucket, currency, source_currency, if({class:String} = 'unpriced', arrayFilter(r -> r.9 IS NULL, first), arraySlice(first, 1, {limit:UInt32})) AS shown
    FROM compared_lines
    WHERE tenant_id = {tenant:String} AND month = {month:Date} AND made_of = unhex({made_of:String})
      AND work_id = (SELECT max(work_id) FROM compared_lines WHERE tenant_id = {tenant:String} AND month = {month:Date} AND made_of = unhex({made_of:String}))
      AND multiIf({class:String} = '', status != 'match', {class:String} = 'all', true, {class:String} = 'unpriced', unpriced_calls > 0, {class:String} IN (status, cause))
)
ARRAY JOIN shown AS r
ORDER BY
    if(currency = source_currency OR r.usage_amount + r.connection = 0 OR r.source_amount = 0,
        abs(r.source_amount - r.usage_amount - r.connection)::Decimal(38, 7),
        greatest(abs(r.source_amount)::Decimal(38, 7), abs(r.usage_amount + r.connection)::Decimal(38, 7))) DESC,
    started_at, usage_id
LIMIT {limit:UInt32}
