-- How many revisions there are of an organizer's records, which the projection by_organizer_day
-- answers from a row a day.
SELECT toInt64(count()) AS revisions
FROM usage_revisions
WHERE tenant_id = {tenant_id:String} AND organizer_id = {organizer_id:String}
  AND toDate(started_at) >= toDate({from:DateTime}) AND toDate(started_at) < toDate({to:DateTime})
