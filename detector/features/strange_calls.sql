-- strange_calls: calls that are out of an organizer's character. The number was first
-- called less than seven days before (as far as 98 days back), and besides the call began at an hour of the day
-- (UTC) from which the organizer's calls kept more than two hours away in the 90 days that
-- end a week before, or went to a new place: a country not called in those days, or a
-- high-cost block, a premium or a satellite number where none was. A crowd is no stranger: of a meeting only
-- its first two legs to hang up are looked at.
--
-- Who first called less than three weeks before has no character yet. There a new place is
-- one that is new to the tenant, whose own past must be three weeks: a country that fewer
-- than three of its organizers had called until a week before; and no hour is odd.
--
--   the columns of calls that matter here, and
--   odd_hour, new_place   why it is strange; at least one is true
--   place                 the country, or high_cost, premium, satellite
SELECT
    c.tenant_id AS tenant_id, c.organizer_id AS organizer_id, c.usage_id AS usage_id, c.number AS number, c.country AS country,
    c.started_at AS started_at, c.ended_at AS ended_at, c.day AS day, c.seconds AS seconds, c.at AS at,
    b.calling_days >= 21 AS settled,
    settled AND arrayAll(h -> least(abs(toInt16(h) - toInt16(toHour(c.started_at))), 24 - abs(toInt16(h) - toInt16(toHour(c.started_at)))) > 2, b.hours) AS odd_hour,
    multiIf(c.high_cost, 'high_cost', c.class IN ('premium', 'satellite'), toString(c.class), toString(c.country)) AS place,
    multiIf(place IN ('high_cost', 'premium', 'satellite'), NOT has(b.dear, place),
        settled, NOT has(b.countries, place), u.since = toDate(0) OR u.since > c.day - 8) AS new_place
FROM calls AS c
INNER JOIN baselines AS b ON b.tenant_id = c.tenant_id AND b.organizer_id = c.organizer_id AND b.day = c.day
INNER JOIN (SELECT tenant_id, since FROM places WHERE country = '*') AS t ON t.tenant_id = c.tenant_id
LEFT JOIN places AS u ON u.tenant_id = c.tenant_id AND u.country = toString(c.country)
WHERE c.callee_days < 7 AND c.legs_inside <= 2 AND t.since <= c.day - 21 AND (odd_hour OR new_place)
