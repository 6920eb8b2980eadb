INSERT INTO rating_runs
