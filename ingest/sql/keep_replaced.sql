INSERT INTO kept_replaced
SELECT tenant_id, usage_id, revision, started_at, is_conf_out, organizer_id, destination_country, seconds
FROM unkept_replaced
WHERE tenant_id = {tenant_id:String}
