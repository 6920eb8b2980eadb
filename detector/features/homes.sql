-- homes: the country of an organizer: where the directory says its services are used, else its
-- tenant's. Internal; see calls and organizer_hours.
SELECT w.tenant_id AS tenant_id, w.organizer_id AS organizer_id, toString(if(o.usage_location != '', o.usage_location, t.country)) AS country
FROM (SELECT DISTINCT tenant_id, organizer_id FROM base) AS w
LEFT JOIN (SELECT tenant_id, organizer_id, usage_location FROM organizers WHERE has({tenants:Array(String)}, tenant_id)) AS o
    ON o.tenant_id = w.tenant_id AND o.organizer_id = w.organizer_id
LEFT JOIN (SELECT tenant_id, country FROM tenants WHERE has({tenants:Array(String)}, tenant_id)) AS t ON t.tenant_id = w.tenant_id
