SELECT
    toString(q.rejection_id)                AS id,
    q.tenant_id::String                     AS tenant_id,
    if(t.name = '', tenant_id, t.name)      AS tenant,
    q.file                                  AS file,
    q.member                                AS member,
    q.position                              AS position,
    q.header                                AS header,
    q.reason::String                        AS reason,
    q.detail                                AS detail,
    q.usage_id                              AS usage_id,
    q.raw                                   AS raw,
    toDateTime(q.rejected_at, 'UTC')        AS at,
    if(j.kind = '', 'open', j.kind)         AS state,
    j.actor                                 AS by,
    j.reason                                AS because
FROM quarantine AS q
LEFT JOIN
(
    SELECT subject, argMax(kind::String, version) AS kind, argMax(actor, version) AS actor, argMax(reason, version) AS reason
    FROM journal_events
    WHERE stream = 'quarantine'
    GROUP BY subject
) AS j ON j.subject = toString(q.rejection_id)
LEFT JOIN tenants AS t ON t.tenant_id = q.tenant_id
WHERE ({tenant_id:String} = '' OR q.tenant_id = {tenant_id:String})
  AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, q.tenant_id::String))
  AND ({id:String} = '' OR toString(q.rejection_id) = {id:String})
  AND ({all:Bool} OR j.kind = '')
ORDER BY q.rejected_at DESC, q.rejection_id
LIMIT 1 BY q.rejection_id
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
