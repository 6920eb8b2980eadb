-- The records that are new since a run of hours, and those that they replaced, whose hours they
-- may have left; and, where licences were imported since, all calls of the organizers whose
-- add-on is not what it was then.
CREATE TABLE {table:Identifier} ENGINE = MergeTree ORDER BY (tenant_id, organizer_id) AS
WITH
    stored AS
    (
        SELECT tenant_id, usage_id, revision, replaces_started_at, is_conf_out, organizer_id, callee_number, started_at, ended_at, seconds
        FROM usage_revisions
        WHERE stored_at >= fromUnixTimestamp64Micro({stored_us:Int64}, 'UTC')
    ),
    replaced AS
    (
        SELECT is_conf_out, tenant_id, organizer_id, callee_number, started_at, ended_at, seconds
        FROM usage_revisions
        WHERE (tenant_id, started_at, usage_id) IN (SELECT tenant_id, replaces_started_at, usage_id FROM stored WHERE revision > 0)
    ),
    -- What the tenants had when the run began, and everything since.
    generations AS
    (
        SELECT g.tenant_id AS tenant_id, g.generation_id AS generation_id
        FROM licence_generations AS g
        LEFT JOIN
        (
            SELECT tenant_id, max(licence_generations.stored_at) AS known
            FROM licence_generations
            WHERE licence_generations.stored_at < fromUnixTimestamp64Micro({stored_us:Int64}, 'UTC')
            GROUP BY tenant_id
        ) AS k ON k.tenant_id = g.tenant_id
        WHERE g.stored_at >= k.known AND NOT empty({addon_plans:Array(String)})
    ),
    imported AS (SELECT tenant_id FROM generations GROUP BY tenant_id HAVING count() > 1 OR min(tenant_id) NOT IN
    (
        SELECT tenant_id FROM licence_generations WHERE licence_generations.stored_at < fromUnixTimestamp64Micro({stored_us:Int64}, 'UTC')
    )),
    reassigned AS
    (
        SELECT DISTINCT i.tenant_id AS tenant_id, i.organizer_id AS organizer_id
        FROM
        (
            SELECT tenant_id, organizer_id, held_from, held_to, service_plan_id, uniqExact(generation_id) AS among
            FROM licence_intervals
            WHERE has({addon_plans:Array(String)}, service_plan_id)
              AND (tenant_id, generation_id) IN (SELECT tenant_id, generation_id FROM generations WHERE tenant_id IN (SELECT tenant_id FROM imported))
            GROUP BY tenant_id, organizer_id, held_from, held_to, service_plan_id
        ) AS i
        INNER JOIN
        (
            SELECT tenant_id, count() AS generations, min(tenant_id) NOT IN
            (
                SELECT tenant_id FROM licence_generations WHERE licence_generations.stored_at < fromUnixTimestamp64Micro({stored_us:Int64}, 'UTC')
            ) AS first
            FROM generations
            GROUP BY tenant_id
        ) AS n ON n.tenant_id = i.tenant_id
        WHERE i.among < n.generations OR n.first
    ),
    calls_of_theirs AS
    (
        SELECT is_conf_out, tenant_id, organizer_id, callee_number, started_at, ended_at, seconds
        FROM usage_revisions
        WHERE (tenant_id, organizer_id) IN (SELECT tenant_id, organizer_id FROM reassigned)
    )
SELECT
    toString(tenant_id) AS tenant_id, organizer_id, callee_number AS number, started_at,
    greatest(ended_at, started_at + toIntervalSecond(seconds)) AS ended_at, seconds
FROM
(
    SELECT is_conf_out, tenant_id, organizer_id, callee_number, started_at, ended_at, seconds FROM stored
    UNION ALL
    SELECT is_conf_out, tenant_id, organizer_id, callee_number, started_at, ended_at, seconds FROM replaced
    UNION ALL
    SELECT is_conf_out, tenant_id, organizer_id, callee_number, started_at, ended_at, seconds FROM calls_of_theirs
)
WHERE is_conf_out AND organizer_id != ''
