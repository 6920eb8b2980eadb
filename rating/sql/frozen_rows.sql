SELECT
    formatDateTime(of_month, '%Y-%m') AS of_month_text, organizer_id, destination_country, destination_class, bucket, reason, conferencing,
    unfunded_because, currency, calls, calls_begun, seconds, billed_tenths, amount, unpriced_calls, unpriced_seconds
FROM closed_rows
WHERE tenant_id = {tenant:String} AND month = {month:Date} AND close_id = {close:UUID}
ORDER BY row_number
