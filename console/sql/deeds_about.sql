-- What happened to an organizer, or what people did and what was done about a tenant's. Of two
-- events at one version that counts which was written first.
WITH page AS
(
    SELECT stream, subject, version, event_id, kind, actor, at, recorded_at, reason, organizer_id
    FROM journal
    WHERE stream IN ('case', 'enforcement', 'close', 'reconciliation', 'note', 'credits')
      AND tenant_id = {tenant_id:String}
      AND ({organizer_id:String} = '' OR organizer_id = {organizer_id:String})
      AND ({organizer_id:String} != '' OR stream = 'enforcement' OR NOT startsWith(actor, 'system:'))
      AND kind != 'updated'
    ORDER BY at DESC, recorded_at DESC, toString(event_id) DESC
    LIMIT {limit:UInt64}
)
SELECT stream::String AS stream, subject, kind::String AS kind, {tenant_id:String} AS tenant_id, organizer_id, actor, toDateTime(at, 'UTC') AS at, reason
FROM page
WHERE (stream, subject, version, event_id) IN
(
    SELECT stream, subject, version, argMin(event_id, (_block_number, event_id))
    FROM journal
    WHERE (stream, subject, version) IN (SELECT stream, subject, version FROM page)
    GROUP BY stream, subject, version
)
ORDER BY page.at DESC, recorded_at DESC, toString(event_id) DESC
