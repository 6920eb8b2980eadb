WITH heads AS
(
    SELECT subject, version, event_id
    FROM journal
    WHERE stream = 'case'
      AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
      AND ({organizer_id:String} = '' OR organizer_id = {organizer_id:String})
    ORDER BY subject, version DESC, _block_number, event_id
    LIMIT 1 BY subject
)
SELECT stream, subject, version, event_id, kind, tenant_id, organizer_id, actor, at, recorded_at, reason, body
FROM
(
    SELECT
        *,
        JSONExtractInt(body, 'score')                       AS score,
        JSONExtractInt(body, 'exposure_seconds')            AS exposure,
        JSONExtractString(body, 'assignee')                 AS assignee,
        multiIf(
            {sort:String} = 'exposure', exposure,
            {sort:String} = 'age', -toUnixTimestamp(parseDateTimeBestEffortOrZero(JSONExtractString(body, 'opened_at'), 'UTC')),
            score)                                          AS rank
    FROM journal
    WHERE stream = 'case' AND (subject, version, event_id) IN heads
    LIMIT 1 BY subject
)
WHERE score >= {min_score:Int64}
  AND ({status:String} = '' OR JSONExtractString(body, 'status') = {status:String})
  AND ({active:String} = ''
       OR (JSONExtractString(body, 'status') != 'closed'
           AND parseDateTime64BestEffortOrZero(JSONExtractString(body, 'snoozed_until'), 9, 'UTC') <= parseDateTime64BestEffortOrZero({active:String}, 9, 'UTC')))
  AND ({severity:String} = '' OR JSONExtractString(body, 'severity') = {severity:String})
  AND ({assignee:String} = '' OR if({assignee:String} = 'none', assignee = '', positionCaseInsensitiveUTF8(assignee, {assignee:String}) > 0))
  AND ({text:String} = '' OR positionCaseInsensitiveUTF8(
        concat(subject, ' ', organizer_id, ' ', JSONExtractString(body, 'organizer_name'), ' ', JSONExtractString(body, 'organizer_upn'), ' ', JSONExtractString(body, 'tenant_name')),
        {text:String}) > 0)
  AND ({after_id:String} = '' OR (-rank, -exposure, subject) > (-{after_rank:Int64}, -{after_exposure:Int64}, {after_id:String}))
ORDER BY rank DESC, exposure DESC, subject
LIMIT {limit:UInt64}
