SELECT toDateTime(max(started_at), 'UTC') AS at
FROM usage_revisions
WHERE tenant_id = {tenant_id:String}
