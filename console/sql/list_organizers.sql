-- Organizers of the directory, and those that usage names beside them. What the directory says
-- of somebody counts; the projection organizers_seen answers the part about usage.
SELECT
    o.tenant                                AS tenant_id,
    o.id                                    AS organizer_id,
    argMax(o.upn, o.listed)                 AS upn,
    argMax(o.name, o.listed)                AS name,
    argMax(o.location, o.listed)            AS usage_location,
    max(o.listed)                           AS in_directory,
    argMax(o.active, o.listed)              AS enabled,
    toDateTime(argMax(o.at, o.listed), 'UTC') AS seen_at
FROM
(
    SELECT
        tenant_id::String                   AS tenant,
        organizer_id                        AS id,
        upn, name,
        usage_location::String              AS location,
        enabled                             AS active,
        true                                AS listed,
        toDateTime64(seen_at, 7, 'UTC')     AS at
    FROM organizers
    UNION ALL
    SELECT
        tenant_id::String                   AS tenant,
        organizer_id                        AS id,
        argMax(organizer_upn, started_at)   AS upn,
        argMax(organizer_name, started_at)  AS name,
        ''                                  AS location,
        false                               AS active,
        false                               AS listed,
        max(started_at)                     AS at
    FROM usage_revisions
    WHERE organizer_id != ''
    GROUP BY tenant_id, organizer_id
) AS o
WHERE (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, o.tenant))
  AND ({tenant_id:String} = '' OR o.tenant = {tenant_id:String})
  AND (o.tenant, o.id) > ({after_tenant:String}, {after:String})
GROUP BY o.tenant, o.id
HAVING {text:String} = '' OR positionCaseInsensitiveUTF8(concat(organizer_id, ' ', upn, ' ', name), {text:String}) > 0
ORDER BY tenant_id, organizer_id
LIMIT {limit:UInt64}
