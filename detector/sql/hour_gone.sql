-- The hours that changed records left, and in which no call ends any more.
INSERT INTO organizer_hour_rows (tenant_id, organizer_id, hour, made_at, run_id, digest, calls)
SELECT h.tenant_id, h.organizer_id, h.hour, fromUnixTimestamp64Micro({made_us:Int64}, 'UTC'), {run:UUID}, 0, 0
FROM organizer_hours AS h
WHERE (h.tenant_id, h.organizer_id, h.hour) IN (SELECT tenant_id, organizer_id, hour FROM {touched:Identifier})
  AND (h.tenant_id, h.organizer_id, h.hour) NOT IN (SELECT tenant_id, organizer_id, toStartOfHour(ended_at) FROM {calls:Identifier})
