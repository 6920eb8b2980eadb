-- strange_calls: calls that are out of an organizer's character. The number was first
-- called less than seven days before, and besides the call began at an hour of the day
-- (UTC) from which the organizer's calls kept more than two hours away in the 42 days that
-- end a week before, or went to a new place: a country not called in those days, a
-- high-cost block, a premium or satellite number. A crowd is no stranger: of a meeting only its first two legs
-- to hang up are looked at. Only of organizers first seen three weeks before or earlier.
--
--   the columns of calls that matter here, and
--   odd_hour, new_place   why it is strange; at least one is true
SELECT
    c.tenant_id AS tenant_id, c.organizer_id AS organizer_id, c.usage_id AS usage_id, c.number AS number, c.country AS country,
    c.started_at AS started_at, c.ended_at AS ended_at, c.day AS day, c.seconds AS seconds, c.at AS at,
    arrayAll(h -> least(abs(toInt16(h) - toInt16(toHour(c.started_at))), 24 - abs(toInt16(h) - toInt16(toHour(c.started_at)))) > 2, b.hours) AS odd_hour,
    c.high_cost OR c.class IN ('premium', 'satellite') OR NOT has(b.countries, toString(c.country)) AS new_place
FROM calls AS c
INNER JOIN baselines AS b ON b.tenant_id = c.tenant_id AND b.organizer_id = c.organizer_id AND b.day = c.day
WHERE c.callee_days < 7 AND c.legs_inside <= 2 AND b.history_days >= 21 AND (odd_hour OR new_place)
