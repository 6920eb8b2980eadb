SELECT stream, subject, version, event_id, kind, tenant_id, organizer_id, actor, at, recorded_at, reason, body
FROM journal
WHERE stream = {stream:String} AND subject = {subject:String}
ORDER BY version DESC, _block_number, event_id
LIMIT 1
