SELECT
    subject                         AS job,
    max(recorded_at)                AS at,
    argMax(kind, version)           AS outcome,
    argMax(reason, version)         AS detail
FROM journal_events
WHERE stream = 'job'
GROUP BY subject
ORDER BY subject
LIMIT 100
