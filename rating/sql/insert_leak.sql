INSERT INTO leak_organizers
(
    organizer_id, calls, seconds, amount, unpriced_calls, unpriced_seconds, ineligible_calls, ineligible_seconds, ineligible_amount,
    ineligible_unpriced_calls, ineligible_unpriced_seconds, tenant_id, month, made_of, work_id, stored_at
)
