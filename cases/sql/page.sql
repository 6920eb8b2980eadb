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
        JSONExtract(body, 'Tuple(score Int64, exposure_seconds Int64, status String, severity String, assignee String, opened_at String, tenant_name String, organizer_name String, organizer_upn String)') AS c,
        c.score                                             AS score,
        c.exposure_seconds                                  AS exposure,
        c.assignee                                          AS assignee,
        multiIf(
            {sort:String} = 'exposure', exposure,
            {sort:String} = 'age', -toUnixTimestamp(parseDateTimeBestEffortOrZero(c.opened_at, 'UTC')),
            score)                                          AS rank
    FROM journal
    WHERE stream = 'case' AND (subject, version, event_id) IN heads
    LIMIT 1 BY subject
)
WHERE score >= {min_score:Int64}
  AND ({status:String} = '' OR c.status = {status:String})
  AND ({severity:String} = '' OR c.severity = {severity:String})
  AND ({assignee:String} = '' OR if({assignee:String} = 'none', assignee = '', positionCaseInsensitiveUTF8(assignee, {assignee:String}) > 0))
  AND ({text:String} = '' OR positionCaseInsensitiveUTF8(
        concat(subject, ' ', organizer_id, ' ', c.organizer_name, ' ', c.organizer_upn, ' ', c.tenant_name),
        {text:String}) > 0)
  AND ({after_id:String} = '' OR (-rank, -exposure, subject) > (-{after_rank:Int64}, -{after_exposure:Int64}, {after_id:String}))
ORDER BY rank DESC, exposure DESC, subject
LIMIT {limit:UInt64}
