-- A record at every revision, the newest first; at each tenant that has the id.
SELECT
    tenant_id, usage_id, revision, organizer_id, organizer_upn, call_type, is_conf_out, callee_number, started_at, seconds,
    destination_country, destination_class, npa_nxx, capability, charge, connection_charge, currency
FROM usage_revisions
WHERE usage_key IN (cityHash64({usage_id:String}), cityHash64(lower({usage_id:String})))
  AND usage_id IN ({usage_id:String}, lower({usage_id:String}))
  AND ({tenant:String} = '' OR tenant_id = {tenant:String})
ORDER BY tenant_id, revision DESC
LIMIT 1000
