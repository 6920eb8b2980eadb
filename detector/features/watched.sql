-- watched: since when an organizer's calls would have been seen, had there been any. Who calls for
-- the first time weeks after that has a past of nothing, which is not the same as none.
--
--   tenant_id, organizer_id
--   since   UTC day: the later of the tenant's first record (as far as 98 days back) and the organizer's first
--           licence, as an account without one may be new; the day of its first call where that
--           is earlier, or where no licence is known
SELECT
    c.tenant_id AS tenant_id, c.organizer_id AS organizer_id,
    if(l.licensed = toDateTime64(0, 3, 'UTC'), c.first_day, least(c.first_day, toDate(greatest(t.first_at, l.licensed)))) AS since
FROM (SELECT tenant_id, organizer_id, min(day) AS first_day FROM calls GROUP BY tenant_id, organizer_id) AS c
INNER JOIN
(
    SELECT tenant_id, toDateTime64(min(started_at), 3, 'UTC') AS first_at
    FROM {revisions:Identifier}
    WHERE has({tenants:Array(String)}, tenant_id) AND started_at >= fromUnixTimestamp64Milli({history_ms:Int64}, 'UTC')
    GROUP BY tenant_id
) AS t ON t.tenant_id = c.tenant_id
LEFT JOIN
(
    SELECT tenant_id, organizer_id, min(held_from) AS licensed
    FROM {licences:Identifier}
    WHERE has({tenants:Array(String)}, tenant_id)
    GROUP BY tenant_id, organizer_id
) AS l ON l.tenant_id = c.tenant_id AND l.organizer_id = c.organizer_id
