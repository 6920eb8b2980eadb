-- What paid for an organizer's calls; the projection by_organizer answers.
SELECT
    toDateTime(month, 'UTC')                        AS month,
    toInt64(sumIf(paid, bucket = 'addon'))          AS addon,
    toInt64(sumIf(paid, bucket = 'pool'))           AS pool,
    toInt64(sumIf(paid, bucket = 'credits'))        AS credits,
    toInt64(sumIf(paid, bucket = 'unfunded'))       AS unfunded
FROM
(
    SELECT month, bucket, sum(seconds) AS paid
    FROM rating_rows
    WHERE tenant_id = {tenant_id:String} AND organizer_id = {organizer_id:String}
      AND run_id IN (SELECT run_id FROM rating_current WHERE tenant_id = {tenant_id:String})
    GROUP BY month, bucket
)
GROUP BY month
ORDER BY month DESC
LIMIT 24
