INSERT INTO call_reports (tenant_id, organizer_id, call_id, started_at, ended_at, reported_at, reporter)
