-- What calls cost Communications Credits, as the runs that count have it, by the day in which
-- they ended, and on some days by the hour. The projection by_credits_hour answers; the few calls that
-- crossed the end of a pool are read, for those ended after both their parts.
WITH
current AS
(
    SELECT tenant_id, month, run_id
    FROM rating_current
    WHERE empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)})
),
crossed AS
(
    SELECT tenant_id, month, run_id, if(bucket = 'credits' AND part > 0, started_at, toDateTime64(0, 7, 'UTC')) AS crossed_at
    FROM rating_rows
    WHERE (tenant_id, month, run_id) IN (SELECT tenant_id, month, run_id FROM current)
    GROUP BY tenant_id, month, run_id, crossed_at
    HAVING crossed_at > toDateTime64(0, 7, 'UTC')
)
SELECT
    tenant_id, month, currency,
    if(has({hourly:Array(Date)}, toDate(hour)), hour, toDateTime(toDate(hour), 'UTC'))  AS begins,
    has({hourly:Array(Date)}, toDate(hour))                                             AS by_hour,
    sum(h.calls)                AS calls,
    sum(h.unpriced)             AS unpriced,
    sum(h.amount)               AS amount,
    min(h.first)                AS first,
    max(h.last)                 AS last
FROM
(
    SELECT
        tenant_id, month, currency,
        if(bucket = 'credits' AND part = 0, toStartOfHour(started_at + toIntervalSecond(seconds)), toDateTime(0, 'UTC')) AS hour,
        count() AS calls, countIf(rating_rows.amount IS NULL) AS unpriced, ifNull(sum(rating_rows.amount), 0) AS amount,
        min(started_at) AS first, max(started_at) AS last
    FROM rating_rows
    WHERE (tenant_id, month, run_id) IN (SELECT tenant_id, month, run_id FROM current)
    GROUP BY tenant_id, month, currency, hour
    HAVING hour > toDateTime(0, 'UTC')
    UNION ALL
    SELECT
        c.tenant_id, c.month, c.currency,
        toStartOfHour(c.started_at + toIntervalSecond(c.seconds + p.seconds)),
        1, c.amount IS NULL, ifNull(c.amount, 0), c.started_at, c.started_at
    FROM rating_rows AS c
    LEFT JOIN
    (
        SELECT tenant_id, run_id, usage_id, seconds
        FROM rating_rows
        WHERE part = 0 AND reason = 'pool_crossing' AND (tenant_id, month, run_id, started_at) IN (SELECT tenant_id, month, run_id, crossed_at FROM crossed)
    ) AS p ON p.tenant_id = c.tenant_id AND p.run_id = c.run_id AND p.usage_id = c.usage_id
    WHERE c.bucket = 'credits' AND c.part > 0
      AND (c.tenant_id, c.month, c.run_id, c.started_at) IN (SELECT tenant_id, month, run_id, crossed_at FROM crossed)
) AS h
WHERE hour >= {from:DateTime64(7, 'UTC')} AND hour < {to:DateTime64(7, 'UTC')}
GROUP BY tenant_id, month, currency, begins, by_hour
ORDER BY tenant_id, currency, begins, month
