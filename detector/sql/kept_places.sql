-- `places` as the newest pass over all organizers had it.
SELECT tenant_id, country, since
FROM usual_places
WHERE has({tenants:Array(String)}, tenant_id) AND pass_id = {kept:UUID}
