-- new_people: calls to numbers first called less than a week before, as they stand three hours
-- later, outside crowds: with twelve legs around it (see calls) a call is one of a crowd's. Of smaller
-- meetings the first four legs to hang up count.
--
--   tenant_id, organizer_id, usage_id, conference_id, number, started_at, ended_at, day, seconds,
--   legs_inside, legs_around (see calls)
--   at      the step that sees it settled
--   first   the number had not been called before the day; where the last digits are hidden, which
--           several people share, not before the week
SELECT
    tenant_id, organizer_id, usage_id, conference_id, number, started_at, ended_at, day, seconds, legs_inside, legs_around, settled_at AS at,
    new_callee OR callee_days < if(masked, 7, 1) AS first
FROM calls
WHERE legs_inside <= 4 AND legs_around < 12 AND (new_callee OR callee_days < 7)
