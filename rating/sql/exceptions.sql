-- Organizers of statements whom somebody should look at: who holds the add-on without what
-- it requires, and who drew on the pool without a licence.
WITH
held AS
(
    SELECT
        tenant_id,
        organizer_id,
        groupArrayIf((held_from, held_to), has({addon_plans:Array(String)}, service_plan_id))       AS spans,
        countIf(has({required_plans:Array(String)}, service_plan_id)) > 0                          AS required
    FROM licences
    WHERE tenant_id IN ({tenants:Array(String)})
      AND (has({addon_plans:Array(String)}, service_plan_id) OR has({required_plans:Array(String)}, service_plan_id))
      AND held_from < {to:DateTime64(3, 'UTC')} AND held_to > {from:DateTime64(3, 'UTC')}
    GROUP BY tenant_id, organizer_id
    HAVING notEmpty(spans)
),
uncovered AS
(
    SELECT r.tenant_id AS tenant_id, r.organizer_id AS organizer_id, countIf(r.part = 0) AS calls, sum(r.seconds) AS seconds
    FROM rating_rows AS r
    INNER JOIN held AS h ON h.tenant_id = r.tenant_id AND h.organizer_id = r.organizer_id
    WHERE r.tenant_id IN ({tenants:Array(String)}) AND r.month = {month:Date} AND r.run_id IN ({runs:Array(UUID)})
      AND r.bucket != 'addon'
      AND NOT has({addon_never:Array(String)}, r.destination_class::String)
      AND has({addon_countries:Array(String)},
          if(r.destination_class = 'toll_free' AND r.destination_country IN ('US', ''),
              if({toll_free_counts_as_us:Bool}, 'US', ''), r.destination_country)::String)
      AND arrayExists(s -> s.1 <= r.started_at AND r.started_at < s.2, h.spans)
    GROUP BY tenant_id, organizer_id
)
SELECT x.tenant_id AS tenant_id, x.organizer_id AS organizer_id, o.upn AS organizer_upn, x.code AS code, x.calls AS calls, x.seconds AS seconds
FROM
(
    SELECT h.tenant_id AS tenant_id, h.organizer_id AS organizer_id, 'addon_without_prerequisite' AS code, u.calls AS calls, u.seconds AS seconds
    FROM held AS h
    LEFT JOIN uncovered AS u ON u.tenant_id = h.tenant_id AND u.organizer_id = h.organizer_id
    WHERE u.calls > 0 OR NOT h.required
    UNION ALL
    SELECT tenant_id, organizer_id, 'pool_without_licence' AS code, countIf(part = 0) AS calls, sum(rating_rows.seconds) AS seconds
    FROM rating_rows
    WHERE tenant_id IN ({tenants:Array(String)}) AND month = {month:Date} AND run_id IN ({runs:Array(UUID)})
      AND bucket = 'pool' AND conferencing = 'none'
    GROUP BY tenant_id, organizer_id
) AS x
LEFT JOIN (SELECT tenant_id, organizer_id, upn FROM organizers WHERE tenant_id IN ({tenants:Array(String)})) AS o
    ON o.tenant_id = x.tenant_id AND o.organizer_id = x.organizer_id
ORDER BY tenant_id, code, organizer_id
