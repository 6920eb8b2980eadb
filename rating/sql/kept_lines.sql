-- How a tenant-month compares, as it was worked out ahead; nothing where it was not.
SELECT
    status, cause, signed_cause, bucket, source_bucket, currency, source_currency, calls, seconds, unpriced_calls,
    rated_usage, rated_connection, source_usage, source_connection
FROM compared_lines
WHERE tenant_id = {tenant:String} AND month = {month:Date} AND made_of = unhex({made_of:String})
  AND work_id = (SELECT max(work_id) FROM compared_lines WHERE tenant_id = {tenant:String} AND month = {month:Date} AND made_of = unhex({made_of:String}))
ORDER BY status, cause, signed_cause, bucket, source_bucket, currency, source_currency
