SELECT organizer_id, service_plan_id, held_from, held_to
FROM licences
WHERE tenant_id = {tenant_id:String}
ORDER BY organizer_id, service_plan_id, held_from
