INSERT INTO usage_revisions
(
    tenant_id, usage_id, revision, content_hash, core_hash, format, call_type, is_conf_out,
    organizer_id, organizer_upn, organizer_name, call_id, conference_id, call_direction, caller_number, callee_number,
    usage_country, tenant_country, destination_context, destination_name, external_country,
    started_at, ended_at, seconds, charge, connection_charge, currency, capability, inventory_type, operator,
    duration_source, administrative_units, destination_country, destination_region, destination_class, npa_nxx,
    high_cost, masked, numbering_version, source, batch_id, position, source_at, stored_at, replaces_started_at
)
