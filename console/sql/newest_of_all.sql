SELECT toDateTime(max(started_at), 'UTC') AS at
FROM usage_revisions
