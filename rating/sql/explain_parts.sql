-- What paid for the seconds of a call in one run.
SELECT
    revision, part, bucket, reason, conferencing, pool, seconds, pool_before, pool_after, billed_tenths, connection_charge,
    amount, currency, rate_sheet, rate_prefix, unfunded_because
FROM rating_rows
WHERE tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID} AND usage_id = {usage_id:String}
ORDER BY part
