-- When the newest import of licences was.
SELECT max(stored_at) AS newest FROM licence_generations
