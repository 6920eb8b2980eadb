-- The newest run of hours that counts, and what the newest over all of them was made on.
SELECT count() AS runs, max(r.made_at) AS made_at, argMaxIf(r.terms, r.made_at, r.whole) AS terms
FROM organizer_hour_runs AS r
