SELECT tenant_id, name, country, segment, channel, credits_funded, credits_currency, updated_at AS stored_at
FROM tenants
ORDER BY name, tenant_id
