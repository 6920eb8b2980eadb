-- What organizers and their tenants are called: by the directory, else by their newest call.
SELECT
    u.tenant_id AS tenant_id, u.organizer_id AS organizer_id,
    t.name AS tenant_name,
    if(o.name != '', o.name, u.name) AS name,
    if(o.upn != '', o.upn, u.upn)    AS upn
FROM
(
    SELECT tenant_id, organizer_id, argMax(organizer_name, started_at) AS name, argMax(organizer_upn, started_at) AS upn
    FROM usage_revisions
    WHERE tenant_id IN {tenants:Array(String)} AND organizer_id IN {organizers:Array(String)}
    GROUP BY tenant_id, organizer_id
) AS u
LEFT JOIN organizers AS o ON o.tenant_id = u.tenant_id AND o.organizer_id = u.organizer_id
LEFT JOIN tenants AS t ON t.tenant_id = u.tenant_id
