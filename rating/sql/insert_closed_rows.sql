INSERT INTO closed_rows
(
    close_id, run_id, tenant_id, month, of_month, row_number, organizer_id, destination_country, destination_class,
    bucket, reason, conferencing, unfunded_because, currency,
    calls, calls_begun, seconds, billed_tenths, amount, unpriced_calls, unpriced_seconds, stored_at
)
