-- Rejected rows with what became of them. A resolution is an event of the journal.
SELECT
    q.rejection_id AS rejection_id, q.tenant_id AS tenant_id, q.batch_id AS batch_id, q.file AS file, q.member AS member,
    q.position AS position, q.format AS format, q.header AS header, q.reason AS reason, q.detail AS detail,
    q.usage_id AS usage_id, q.raw AS raw, q.rejected_at AS rejected_at,
    if(r.kind = '', 'open', r.kind) AS state
FROM
(
    SELECT * FROM quarantine
    WHERE ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
      AND ({id:String} = '' OR toString(rejection_id) = {id:String})
    LIMIT 1 BY rejection_id
) AS q
LEFT JOIN
(
    SELECT subject, argMax(kind, version) AS kind
    FROM journal_events
    WHERE stream = 'quarantine'
    GROUP BY subject
) AS r ON r.subject = toString(q.rejection_id)
WHERE {all:Bool} OR r.kind = ''
ORDER BY tenant_id, file, member, position, rejection_id
