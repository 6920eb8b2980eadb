-- Whole cases, as some events left them.
SELECT toString(event_id) AS event_id, subject, version, body
FROM journal
PREWHERE event_id IN (SELECT toUUID(arrayJoin({events:Array(String)})))
WHERE stream = 'case' AND subject IN {subjects:Array(String)}
LIMIT 1 BY subject, event_id
