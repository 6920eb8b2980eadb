-- What revisions say beside the core, for the few records of a chunk whose core is the
-- same and whose content is not.
SELECT
    usage_id, revision, charge, connection_charge, currency, capability, call_id, conference_id, organizer_upn, organizer_name,
    caller_number, usage_country, destination_context, destination_name, inventory_type, tenant_country, call_direction,
    external_country, operator, duration_source, administrative_units
FROM usage_revisions
PREWHERE usage_key IN (SELECT cityHash64(usage_id) FROM incoming)
WHERE tenant_id = {tenant_id:String} AND usage_id IN (SELECT usage_id FROM incoming)
