-- Which event each case stands at: of its newest version the one committed first.
SELECT subject, toString(event_id) AS event_id
FROM journal
WHERE stream = 'case'
ORDER BY subject, version DESC, _block_number, event_id
LIMIT 1 BY subject
