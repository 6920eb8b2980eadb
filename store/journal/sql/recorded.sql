SELECT stream, subject, version, event_id, kind, tenant_id, organizer_id, actor, at, recorded_at, reason, body
FROM
(
    SELECT stream, subject, version, event_id, kind, tenant_id, organizer_id, actor, at, recorded_at, reason, body
    FROM journal
    WHERE stream = {stream:String}
      AND ({subject:String} = '' OR subject = {subject:String})
      AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
      AND ({organizer_id:String} = '' OR organizer_id = {organizer_id:String})
    ORDER BY subject, version, _block_number, event_id
    LIMIT 1 BY subject, version
)
WHERE recorded_at >= {since:DateTime64(6)}
ORDER BY recorded_at, subject, version
