-- How many organizers of a tenant held each service plan at some moments.
SELECT
    service_plan_id,
    toDateTime(moment, 'UTC')           AS moment,
    toInt64(uniqExact(organizer_id))    AS holders
FROM licences
ARRAY JOIN arrayMap(text -> toDateTime64(text, 3, 'UTC'), {moments:Array(String)}) AS moment
WHERE tenant_id = {tenant_id:String} AND held_from <= moment AND held_to > moment
GROUP BY service_plan_id, moment
ORDER BY service_plan_id, moment
LIMIT 500
