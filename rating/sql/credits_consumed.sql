-- What each call of tenants' accounts cost Communications Credits that ended in some hours, as the runs
-- that count have it, in the order in which the calls ended: a call is paid for when it has
-- ended, and what it costs is not known before. For a call that crossed the end of its pool
-- that is after both its parts. In which hours they began is said too, for calls lie by their starts.
WITH current AS (SELECT tenant_id, month, run_id FROM rating_current WHERE tenant_id IN ({tenants:Array(String)}))
SELECT
    c.tenant_id AS tenant_id, c.currency AS currency, c.month AS month, c.started_at AS started_at,
    c.started_at + toIntervalSecond(c.seconds + p.seconds) AS ended_at,
    ifNull(c.amount, 0) AS amount,
    c.amount IS NULL AS unpriced
FROM rating_rows AS c
LEFT JOIN
(
    SELECT tenant_id, run_id, usage_id, seconds
    FROM rating_rows
    WHERE part = 0 AND reason = 'pool_crossing'
      AND tenant_id IN ({tenants:Array(String)}) AND (tenant_id, month, run_id) IN (SELECT tenant_id, month, run_id FROM current)
      AND toStartOfHour(started_at) IN ({starts:Array(DateTime)})
) AS p ON p.tenant_id = c.tenant_id AND p.run_id = c.run_id AND p.usage_id = c.usage_id AND c.part = 1
WHERE c.bucket = 'credits'
  AND c.tenant_id IN ({tenants:Array(String)}) AND (c.tenant_id, c.month, c.run_id) IN (SELECT tenant_id, month, run_id FROM current)
  AND toStartOfHour(c.started_at) IN ({starts:Array(DateTime)})
  AND toStartOfHour(ended_at) IN ({hours:Array(DateTime)})
  AND ended_at < {at:DateTime64(7, 'UTC')}
ORDER BY ended_at, c.usage_id
