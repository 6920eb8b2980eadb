-- Closings whose rows were written and that never came to count.
SELECT DISTINCT tenant_id, month, close_id AS run_id
FROM closed_rows
WHERE stored_at < {before:DateTime64(6, 'UTC')}
  AND close_id NOT IN (SELECT event_id FROM journal_events WHERE stream = 'close')
ORDER BY tenant_id, month, run_id
