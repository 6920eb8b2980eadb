SELECT
    status,
    bucket,
    source_bucket,
    shown_currency         AS currency,
    count()                AS calls,
    sum(seconds)           AS seconds,
    ifNull(sum(amount), 0) AS amount,
    sum(source_amount)     AS source_amount
FROM
(
    SELECT *, if(currency != '', currency, if(source_amount != 0, source_currency, '')) AS shown_currency
    FROM compared
)
GROUP BY status, bucket, source_bucket, shown_currency
ORDER BY status, bucket, source_bucket, shown_currency
SETTINGS prefer_column_name_to_alias = 1
