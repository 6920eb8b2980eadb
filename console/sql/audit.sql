WITH page AS
(
    SELECT stream, subject, version, event_id, kind, tenant_id, organizer_id, actor, recorded_at, reason
    FROM journal
    WHERE ({before:String} = '' OR recorded_at < parseDateTime64BestEffortOrZero({before:String}, 6, 'UTC'))
      AND ({stream:String} = '' OR stream = {stream:String})
      AND ({system:Bool} OR NOT startsWith(actor, 'system:'))
      AND ({text:String} = '' OR positionCaseInsensitiveUTF8(concat(actor, ' ', subject, ' ', kind, ' ', tenant_id, ' ', organizer_id, ' ', reason), {text:String}) > 0)
    ORDER BY recorded_at DESC, event_id
    LIMIT {limit:UInt64}
)
SELECT
    stream::String AS stream, subject, version, kind::String AS kind, tenant_id::String AS tenant_id, organizer_id, actor,
    recorded_at, reason
FROM page
WHERE (stream, subject, version, event_id) IN
(
    SELECT stream, subject, version, argMin(event_id, (_block_number, event_id))
    FROM journal
    WHERE (stream, subject, version) IN (SELECT stream, subject, version FROM page)
    GROUP BY stream, subject, version
)
ORDER BY recorded_at DESC, event_id
