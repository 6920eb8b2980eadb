-- What detection had against each organizer: the highest risk its case ever had, and when it
-- first reached the threshold. What people wrote into the log is not detection.
SELECT
    tenant_id, organizer_id,
    toInt64(max(JSONExtractInt(body, 'score')))                                  AS score,
    minIf(at, JSONExtractInt(body, 'score') >= {threshold:UInt8})                AS alerted_at,
    countIf(JSONExtractInt(body, 'score') >= {threshold:UInt8}) > 0              AS alerted
FROM journal_events
WHERE stream = 'case' AND actor = 'system:detector'
GROUP BY tenant_id, organizer_id
