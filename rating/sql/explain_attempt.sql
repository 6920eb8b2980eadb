-- What a run was begun with.
SELECT
    run_id, batch_id, tenant_id, month, sequence, usage_fingerprint, inputs_hash, licences_version, licences_hash, plan_version,
    tenant_country, credits_funded, credits_currency, pool_licences, pool_seconds, select_licences, select_pool_seconds, skus_at,
    rate_lists, rate_lists_from, started_at, actor
FROM rating_attempts
WHERE tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID}
LIMIT 1
