SELECT stream, subject, version, event_id, kind, tenant_id, organizer_id, actor, at, recorded_at, reason, body
FROM journal
WHERE (stream, subject, version) IN
(
    SELECT stream, subject, version FROM journal WHERE recorded_at = {recorded_at:DateTime64(6)}
)
ORDER BY stream, subject, version, _block_number, event_id
LIMIT 1 BY stream, subject, version
