-- Of who held the add-on in a month, those without what it requires, and those who are named: whether what it
-- requires was held at some time, and whether the add-on was held all month.
SELECT
    tenant_id, organizer_id,
    countIf(has({required_plans:Array(String)}, service_plan_id)) > 0                           AS required,
    countIf(has({addon_plans:Array(String)}, service_plan_id)
        AND held_from <= {from:DateTime64(3, 'UTC')} AND held_to >= {to:DateTime64(3, 'UTC')}) > 0 AS whole
FROM licences
WHERE tenant_id IN ({tenants:Array(String)})
  AND (has({addon_plans:Array(String)}, service_plan_id) OR has({required_plans:Array(String)}, service_plan_id))
  AND held_from < {to:DateTime64(3, 'UTC')} AND held_to > {from:DateTime64(3, 'UTC')}
GROUP BY tenant_id, organizer_id
HAVING countIf(has({addon_plans:Array(String)}, service_plan_id)) > 0
   AND (NOT required OR {all:Bool} OR organizer_id IN ({organizers:Array(String)}))
