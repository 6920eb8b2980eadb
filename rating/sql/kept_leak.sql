SELECT
    organizer_id, calls, seconds, amount, unpriced_calls, unpriced_seconds, ineligible_calls, ineligible_seconds, ineligible_amount,
    ineligible_unpriced_calls, ineligible_unpriced_seconds
FROM leak_organizers
WHERE tenant_id = {tenant:String} AND month = {month:Date} AND made_of = unhex({made_of:String})
  AND work_id = (SELECT max(work_id) FROM leak_organizers WHERE tenant_id = {tenant:String} AND month = {month:Date} AND made_of = unhex({made_of:String}))
