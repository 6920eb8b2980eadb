SELECT
    run_id, tenant_id, month, sequence, usage_fingerprint, inputs_hash, licences_version, licences_hash, plan_version,
    credits_currency, pool_licences, pool_seconds, select_licences, select_pool_seconds, skus_at, records, seconds,
    started_at, finished_at, actor
FROM rating_current
WHERE (empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)}))
  AND (empty({months:Array(Date)}) OR month IN ({months:Array(Date)}))
