-- It differs as soon as anybody has appended to the cases.
SELECT count() AS events, max(recorded_at) AS newest
FROM journal
WHERE stream = 'case'
