-- Of two events at one version that counts which was written first; what lost is in the page,
-- marked, so that the next page begins at its end.
WITH page AS
(
    SELECT stream, subject, version, event_id, kind, tenant_id, organizer_id, actor, recorded_at, reason
    FROM journal
    WHERE ({stream:String} = '' OR stream = {stream:String})
      AND ({actor:String} = '' OR actor = {actor:String})
      AND ({system:Bool} OR NOT startsWith(actor, 'system:'))
      AND ({text:String} = '' OR positionCaseInsensitiveUTF8(concat(actor, ' ', subject, ' ', kind, ' ', tenant_id, ' ', organizer_id, ' ', reason), {text:String}) > 0
           OR organizer_id IN ({called:Array(String)}) OR tenant_id IN ({called:Array(String)}))
      AND ({from:String} = '' OR recorded_at >= parseDateTime64BestEffortOrZero({from:String}, 6, 'UTC'))
      AND ({to:String} = '' OR recorded_at < parseDateTime64BestEffortOrZero({to:String}, 6, 'UTC') + toIntervalDay(1))
      AND ({after_at:String} = '' OR (recorded_at, toString(event_id)) < (parseDateTime64BestEffortOrZero({after_at:String}, 6, 'UTC'), {after:String}))
    ORDER BY recorded_at DESC, toString(event_id) DESC
    LIMIT {limit:UInt64}
)
SELECT
    stream::String AS stream, subject, version, kind::String AS kind, tenant_id::String AS tenant_id, organizer_id, actor,
    recorded_at, reason, toString(recorded_at) AS key, toString(event_id) AS id,
    (stream, subject, version, event_id) IN
    (
        SELECT stream, subject, version, argMin(event_id, (_block_number, event_id))
        FROM journal
        WHERE (stream, subject, version) IN (SELECT stream, subject, version FROM page)
        GROUP BY stream, subject, version
    ) AS counts
FROM page
ORDER BY recorded_at DESC, toString(event_id) DESC
