-- What each call cost Communications Credits, as the runs that count have it, in the order
-- in which the calls ended: a call is paid for when it has ended, and what it costs is not
-- known before. For a call that crossed the end of its pool that is after both its parts.
SELECT
    c.tenant_id AS tenant_id, c.month AS month, c.currency AS currency, c.usage_id AS usage_id, c.started_at AS started_at,
    c.started_at + toIntervalSecond(c.seconds + p.seconds) AS ended_at,
    ifNull(c.amount, 0) AS amount,
    c.amount IS NULL AS unpriced
FROM rating_rows AS c
LEFT JOIN
(
    SELECT tenant_id, run_id, usage_id, seconds
    FROM rating_rows
    WHERE part = 0 AND reason = 'pool_crossing'
      AND (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
      AND (tenant_id, month, run_id) IN (SELECT tenant_id, month, run_id FROM rating_current)
) AS p ON p.tenant_id = c.tenant_id AND p.run_id = c.run_id AND p.usage_id = c.usage_id AND c.part = 1
WHERE c.bucket = 'credits'
  AND (empty({tenants:Array(String)}) OR c.tenant_id IN ({tenants:Array(String)}))
  AND (c.tenant_id, c.month, c.run_id) IN (SELECT tenant_id, month, run_id FROM rating_current)
  AND ended_at < {at:DateTime64(7, 'UTC')}
ORDER BY tenant_id, currency, ended_at, usage_id
