-- Organizers of the directory, and those that usage names beside them. What the directory says
-- of somebody counts; the projection organizers_seen answers the part about usage. Where no
-- words are looked for, a page needs no more of either side than it holds.
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
    WHERE (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
      AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
      AND (tenant_id::String, organizer_id) > ({after_tenant:String}, {after:String})
    ORDER BY tenant, id
    LIMIT if({text:String} = '', {limit:UInt64}, 1000000000)
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
      AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
      AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
      AND (tenant_id::String, organizer_id) > ({after_tenant:String}, {after:String})
    GROUP BY tenant_id, organizer_id
    ORDER BY tenant, id
    LIMIT if({text:String} = '', {limit:UInt64}, 1000000000)
) AS o
GROUP BY o.tenant, o.id
HAVING {text:String} = '' OR positionCaseInsensitiveUTF8(concat(organizer_id, ' ', upn, ' ', name), {text:String}) > 0
ORDER BY tenant_id, organizer_id
LIMIT {limit:UInt64}
