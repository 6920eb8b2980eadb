-- What lists are filtered and put in order by, of cases that have changed, or of all.
WITH heads AS
(
    SELECT subject, version, event_id
    FROM journal
    WHERE stream = 'case' AND ({all:Bool} OR subject IN {subjects:Array(String)})
    ORDER BY subject, version DESC, _block_number, event_id
    LIMIT 1 BY subject
)
SELECT
    subject, toString(event_id) AS event_id, version, tenant_id::String AS tenant_id, organizer_id,
    JSONExtractString(body, 'tenant_name')          AS tenant_name,
    JSONExtractString(body, 'organizer_name')       AS organizer_name,
    JSONExtractString(body, 'organizer_upn')        AS organizer_upn,
    JSONExtractInt(body, 'score')                   AS score,
    JSONExtractString(body, 'severity')             AS severity,
    JSONExtractString(body, 'verdict')              AS verdict,
    JSONExtractString(body, 'status')               AS status,
    JSONExtractString(body, 'outcome')              AS outcome,
    JSONExtractString(body, 'assignee')             AS assignee,
    JSONExtractString(body, 'snoozed_until')        AS snoozed_until,
    JSONExtractString(body, 'appealed_at')          AS appealed_at,
    JSONExtractString(body, 'opened_at')            AS opened_at,
    JSONExtractString(body, 'cause')                AS cause,
    JSONExtractString(body, 'updated_at')           AS updated_at,
    JSONExtract(body, 'members', 'Array(String)')   AS members,
    JSONExtractString(body, 'ring_case')            AS ring_case,
    JSONExtractString(body, 'due_at')               AS due_at,
    JSONExtractString(body, 'responded_at')         AS responded_at,
    JSONExtractInt(body, 'exposure_seconds')        AS exposure_seconds,
    JSONExtract(body, 'closings', 'Array(String)')  AS closings
FROM journal
WHERE stream = 'case'
  AND ({all:Bool} OR subject IN {subjects:Array(String)})
  AND (subject, version, event_id) IN heads
LIMIT 1 BY subject
