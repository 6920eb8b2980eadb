SELECT generation_id, tenant_id, content_hash, stored_at
FROM licence_generations
WHERE tenant_id = {tenant_id:String}
ORDER BY stored_at DESC
LIMIT 1
