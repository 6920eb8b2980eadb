SELECT count() AS events, max(recorded_at) AS newest
FROM journal
WHERE stream = {stream:String}
