-- What organizers of statements used without what it takes: who holds the add-on and made calls that it
-- would have paid for, and did not; who drew on the pool without a licence. The projection by_organizer
-- answers. Of who held the add-on for a part of the month alone the calls in that part are not told apart.
SELECT
    tenant_id, organizer_id,
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
      AND (unlicensed OR not_addon AND (tenant_id::String, organizer_id) IN
          (
              SELECT tenant_id::String, organizer_id
              FROM licences
              WHERE tenant_id IN ({tenants:Array(String)}) AND has({addon_plans:Array(String)}, service_plan_id)
                AND held_from < {to:DateTime64(3, 'UTC')} AND held_to > {from:DateTime64(3, 'UTC')}
          ))
    GROUP BY tenant_id, organizer_id, destination_country, destination_class, bucket, conferencing
)
GROUP BY tenant_id, organizer_id
