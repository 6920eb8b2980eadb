SELECT
    service_plan_id,
    toDateTime(held_from, 'UTC')    AS held_from,
    toYear(held_to) >= 2100         AS held_still,
    toDateTime(if(toYear(held_to) > 2100, toDateTime64('2100-01-01', 3, 'UTC'), held_to), 'UTC') AS held_to_shown
FROM licences
WHERE tenant_id = {tenant_id:String} AND organizer_id = {organizer_id:String}
ORDER BY held_from, service_plan_id
LIMIT 200
