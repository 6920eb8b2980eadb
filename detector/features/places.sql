-- places: since when a country is usual in a tenant: since three of its organizers had called
-- it. Under the country '*' stands the tenant's own first day. Internal; see strange_calls.
--
--   tenant_id, country, since
SELECT tenant_id, '*' AS country, min(day) AS since
FROM calls
GROUP BY tenant_id
UNION ALL
SELECT tenant_id, country, arraySort(groupArray(first_day))[3] AS since
FROM (SELECT tenant_id, toString(country) AS country, organizer_id, min(day) AS first_day FROM calls GROUP BY tenant_id, country, organizer_id)
GROUP BY tenant_id, country
HAVING count() >= 3
