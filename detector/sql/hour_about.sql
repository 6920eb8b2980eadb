-- How much there is of the organizers of changed records, by tenant, and from when on it bears on
-- the hours that those touch.
SELECT u.tenant_id AS tenant_id, count() AS calls
FROM (SELECT tenant_id, organizer_id, started_at FROM usage_revisions) AS u
WHERE (u.tenant_id, u.organizer_id) IN (SELECT tenant_id, organizer_id FROM {about:Identifier})
  AND u.started_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
GROUP BY tenant_id
ORDER BY tenant_id
