-- A hash of the licences that rating looks at, as far as they touch each month.
SELECT
    tenant_id,
    m.1 AS month,
    sum(cityHash64(organizer_id, service_plan_id, greatest(held_from, m.2), least(held_to, m.3))) AS hash
FROM licences
ARRAY JOIN arrayZip(
    {months:Array(Date)}, {starts:Array(DateTime64(3, 'UTC'))}, {ends:Array(DateTime64(3, 'UTC'))}) AS m
WHERE tenant_id IN ({tenants:Array(String)})
  AND service_plan_id IN ({plans:Array(String)})
  AND held_from < m.3 AND held_to > m.2
GROUP BY tenant_id, month
