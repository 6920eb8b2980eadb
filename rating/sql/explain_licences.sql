-- An organizer's licences as a run saw them: those of the generation it was rated with,
-- though a newer one may have come since.
SELECT service_plan_id, held_from, held_to
FROM licence_intervals
WHERE tenant_id = {tenant:String} AND organizer_id = {organizer:String} AND service_plan_id IN ({plans:Array(String)})
  AND generation_id IN
  (
      SELECT generation_id FROM licence_generations WHERE tenant_id = {tenant:String} AND cityHash64(generation_id) = {version:UInt64}
  )
GROUP BY service_plan_id, held_from, held_to
ORDER BY held_from, service_plan_id
