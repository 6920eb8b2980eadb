SELECT tenant_id::String AS tenant_id, name
FROM tenants
WHERE tenant_id IN ({tenants:Array(String)}) AND name != ''
