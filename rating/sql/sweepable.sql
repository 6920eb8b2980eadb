-- Runs whose rows nobody needs: those that a newer and a second newest run of the
-- tenant-month have superseded, and those that were begun and not finished in time.
WITH kept AS
(
    SELECT run_id
    FROM
    (
        SELECT tenant_id, month, run_id, max(sequence) AS sequence, max(finished_at) AS finished_at
        FROM rating_runs
        GROUP BY tenant_id, month, run_id
    )
    ORDER BY tenant_id, month, sequence DESC, finished_at DESC, run_id DESC
    LIMIT 2 BY tenant_id, month
)
SELECT DISTINCT tenant_id, month, run_id
FROM rating_attempts
WHERE run_id NOT IN (SELECT run_id FROM kept)
  AND run_id NOT IN (SELECT run_id FROM closed_rows) -- what a closed statement was made of stays readable
  AND (run_id IN (SELECT run_id FROM rating_runs) OR started_at < {before:DateTime64(6, 'UTC')})
ORDER BY tenant_id, month, run_id
