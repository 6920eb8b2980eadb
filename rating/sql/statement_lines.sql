SELECT
    tenant_id, bucket, reason, conferencing, unfunded_because, pool, currency,
    count()                              AS calls,
    countIf(part = 0)                    AS calls_begun,
    sum(seconds)                         AS seconds,
    sum(billed_tenths)                   AS billed_tenths,
    sum(amount)                          AS amount,
    countIf(amount IS NULL)              AS unpriced_calls,
    sumIf(seconds, amount IS NULL)       AS unpriced_seconds,
    min(pool_after)                      AS pool_left,
    minIf(started_at, pool != '' AND pool_after = 0 AND seconds > 0) AS pool_empty_at,
    countIf(pool != '' AND pool_after = 0 AND seconds > 0) > 0       AS pool_empty
FROM rating_rows
WHERE tenant_id IN ({tenants:Array(String)}) AND month = {month:Date} AND run_id IN ({runs:Array(UUID)})
GROUP BY tenant_id, bucket, reason, conferencing, unfunded_because, pool, currency
ORDER BY tenant_id, bucket, reason, conferencing, unfunded_because, pool, currency
SETTINGS prefer_column_name_to_alias = 1
