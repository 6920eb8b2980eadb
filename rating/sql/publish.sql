-- The rows of a batch's runs are complete: make them count, in one block.
INSERT INTO rating_runs
(
    run_id, tenant_id, month, sequence, usage_fingerprint, inputs_hash, licences_version, licences_hash,
    plan_version, credits_currency, pool_licences, pool_seconds, select_licences, select_pool_seconds, skus_at,
    records, seconds, started_at, finished_at, actor
)
SELECT
    a.run_id, a.tenant_id, a.month, a.sequence, a.usage_fingerprint, a.inputs_hash, a.licences_version, a.licences_hash,
    a.plan_version, a.credits_currency, a.pool_licences, a.pool_seconds, a.select_licences, a.select_pool_seconds, a.skus_at,
    r.records, r.seconds, a.started_at, {finished_at:DateTime64(6, 'UTC')}, a.actor
FROM rating_attempts AS a
LEFT JOIN
(
    SELECT run_id, countIf(part = 0) AS records, sum(seconds) AS seconds
    FROM rating_rows
    WHERE (tenant_id, month, run_id) IN (SELECT tenant_id, month, run_id FROM rating_attempts WHERE batch_id = {batch:UUID})
    GROUP BY run_id
) AS r ON r.run_id = a.run_id
WHERE a.batch_id = {batch:UUID} AND NOT has({unsettled:Array(UUID)}, a.run_id)
