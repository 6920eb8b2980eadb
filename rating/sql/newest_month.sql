SELECT max(month) AS month, count() AS runs FROM rating_runs
WHERE empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String)
