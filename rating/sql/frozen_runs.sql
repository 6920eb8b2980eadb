-- Runs that closed months were made of. A run can have a further row that says it was found
-- to stand; the first says what it was made with.
SELECT
    run_id, tenant_id, month, sequence, usage_fingerprint, inputs_hash, licences_version, licences_hash, plan_version,
    credits_currency, pool_licences, pool_seconds, select_licences, select_pool_seconds, skus_at, records, seconds,
    started_at, finished_at, actor
FROM rating_runs
WHERE run_id IN ({runs:Array(UUID)})
ORDER BY run_id, sequence, finished_at
LIMIT 1 BY run_id
