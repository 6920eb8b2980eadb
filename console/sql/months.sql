SELECT
    toDateTime(month, 'UTC')                        AS month,
    toInt64(sumIf(seconds, bucket = 'addon'))       AS addon,
    toInt64(sumIf(seconds, bucket = 'pool'))        AS pool,
    toInt64(sumIf(seconds, bucket = 'credits'))     AS credits,
    toInt64(sumIf(seconds, bucket = 'unfunded'))    AS unfunded
FROM ratings
WHERE tenant_id = {tenant_id:String} AND organizer_id = {organizer_id:String}
GROUP BY month
ORDER BY month DESC
LIMIT 24
