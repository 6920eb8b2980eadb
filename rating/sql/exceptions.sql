-- Organizers of statements whom somebody should look at: who holds the add-on without what
-- it requires, and who drew on the pool without a licence. The projection by_organizer answers. Of who
-- held the add-on for a part of the month alone (partly) the calls in that part are not told apart.
WITH
held AS
(
    SELECT
        tenant_id::String                                                                           AS tenant,
        organizer_id                                                                                AS organizer,
        groupArrayIf((held_from, held_to), has({addon_plans:Array(String)}, service_plan_id))       AS spans,
        countIf(has({required_plans:Array(String)}, service_plan_id)) > 0                          AS required
    FROM licences
    WHERE tenant_id IN ({tenants:Array(String)})
      AND (has({addon_plans:Array(String)}, service_plan_id) OR has({required_plans:Array(String)}, service_plan_id))
      AND held_from < {to:DateTime64(3, 'UTC')} AND held_to > {from:DateTime64(3, 'UTC')}
    GROUP BY tenant_id, organizer_id
    HAVING notEmpty(spans)
),
used AS
(
    SELECT
        tenant_id::String AS tenant, organizer_id AS organizer,
        -- What the add-on would have paid for, and did not.
        sumIf(begun, not_addon) AS addon_calls, sumIf(paid, not_addon) AS addon_seconds, countIf(not_addon) > 0 AS addon_any,
        sumIf(begun, unlicensed) AS pool_calls, sumIf(paid, unlicensed) AS pool_seconds, countIf(unlicensed) > 0 AS pool_any
    FROM
    (
        SELECT
            tenant_id, organizer_id, countIf(part = 0) AS begun, sum(seconds) AS paid,
            bucket = 'pool' AND conferencing = 'none' AS unlicensed,
            bucket != 'addon'
                AND NOT has({addon_never:Array(String)}, destination_class::String)
                AND has({addon_countries:Array(String)},
                    if(destination_class = 'toll_free' AND destination_country IN ('US', ''),
                        if({toll_free_counts_as_us:Bool}, 'US', ''), destination_country)::String) AS not_addon
        FROM rating_rows
        WHERE tenant_id IN ({tenants:Array(String)}) AND month = {month:Date} AND run_id IN ({runs:Array(UUID)})
          AND (unlicensed OR not_addon AND (tenant_id::String, organizer_id) IN (SELECT tenant, organizer FROM held))
        GROUP BY tenant_id, organizer_id, destination_country, destination_class, bucket, conferencing
    )
    GROUP BY tenant_id, organizer_id
)
SELECT x.tenant AS tenant_id, x.organizer AS organizer_id, o.upn AS organizer_upn, x.found.1 AS code, x.found.2 AS calls, x.found.3 AS seconds, x.required AS required, x.found.4 AS partly
FROM
(
    SELECT
        tenant, organizer, required,
        arrayJoin(arrayConcat(
            if(notEmpty(spans) AND (addon_calls > 0 OR addon_any OR NOT required),
                [('addon_without_prerequisite', addon_calls, addon_seconds,
                    addon_any AND NOT arrayExists(s -> s.1 <= {from:DateTime64(3, 'UTC')} AND s.2 >= {to:DateTime64(3, 'UTC')}, spans))], []),
            if(pool_any, [('pool_without_licence', pool_calls, pool_seconds, false)], []))) AS found
    FROM held
    FULL JOIN used USING (tenant, organizer)
) AS x
LEFT JOIN (SELECT tenant_id, organizer_id, upn FROM organizers WHERE tenant_id IN ({tenants:Array(String)})) AS o
    ON o.tenant_id = x.tenant AND o.organizer_id = x.organizer
ORDER BY tenant_id, code, organizer_id
