-- Of who held the add-on for a part of the month: what it would have paid for in that part, and did not.
WITH held AS
(
    SELECT tenant_id, organizer_id, groupArray((held_from, held_to)) AS spans
    FROM licences
    WHERE tenant_id IN ({tenants:Array(String)}) AND has({addon_plans:Array(String)}, service_plan_id)
      AND held_from < {to:DateTime64(3, 'UTC')} AND held_to > {from:DateTime64(3, 'UTC')}
    GROUP BY tenant_id, organizer_id
    HAVING NOT arrayExists(s -> s.1 <= {from:DateTime64(3, 'UTC')} AND s.2 >= {to:DateTime64(3, 'UTC')}, spans)
)
SELECT r.tenant_id AS tenant_id, r.organizer_id AS organizer_id, countIf(r.part = 0) AS calls, sum(r.seconds) AS seconds
FROM rating_rows AS r
INNER JOIN held AS h ON h.tenant_id = r.tenant_id AND h.organizer_id = r.organizer_id
WHERE r.tenant_id IN ({tenants:Array(String)}) AND r.month = {month:Date} AND r.run_id IN ({runs:Array(UUID)})
  AND r.organizer_id IN (SELECT organizer_id FROM held)
  AND r.bucket != 'addon'
  AND NOT has({addon_never:Array(String)}, r.destination_class::String)
  AND has({addon_countries:Array(String)},
      if(r.destination_class = 'toll_free' AND r.destination_country IN ('US', ''),
          if({toll_free_counts_as_us:Bool}, 'US', ''), r.destination_country)::String)
  AND arrayExists(s -> s.1 <= r.started_at AND r.started_at < s.2, h.spans)
GROUP BY tenant_id, organizer_id
