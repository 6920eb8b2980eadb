SELECT max(month) AS month, count() AS runs FROM rating_runs
