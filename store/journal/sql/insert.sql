INSERT INTO journal (stream, subject, version, event_id, kind, tenant_id, organizer_id, actor, at, recorded_at, reason, body)
