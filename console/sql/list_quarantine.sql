SELECT
    q.rejection                             AS id,
    toString(q.rejected_at)                 AS key,
    q.tenant_id::String                     AS tenant_id,
    if(t.name = '', tenant_id, t.name)      AS tenant,
    q.file AS file, q.member AS member, q.position AS position, q.header AS header,
    q.reason::String                        AS reason,
    q.detail AS detail, q.usage_id AS usage_id, q.raw AS raw,
    toDateTime(q.rejected_at, 'UTC')        AS at,
    if(q.kind = '', 'open', q.kind)         AS state,
    q.actor                                 AS by,
    q.because                               AS because
FROM
(
    SELECT r.*, toString(r.rejection_id) AS rejection, j.kind AS kind, j.actor AS actor, j.because AS because
    FROM
    (
        SELECT *
        FROM quarantine
        WHERE ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
          AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
        ORDER BY rejected_at
        LIMIT 1 BY rejection_id
    ) AS r
    LEFT JOIN
    (
        SELECT subject, argMax(kind::String, version) AS kind, argMax(actor, version) AS actor, argMax(reason, version) AS because
        FROM journal_events
        WHERE stream = 'quarantine'
        GROUP BY subject
    ) AS j ON j.subject = toString(r.rejection_id)
    WHERE ({all:Bool} OR j.kind = '')
      AND ({after_at:String} = '' OR (r.rejected_at, toString(r.rejection_id)) < (parseDateTime64BestEffortOrZero({after_at:String}, 6, 'UTC'), {after:String}))
    ORDER BY r.rejected_at DESC, toString(r.rejection_id) DESC
    LIMIT {limit:UInt64}
) AS q
LEFT JOIN tenants AS t ON t.tenant_id = q.tenant_id
ORDER BY q.rejected_at DESC, q.rejection DESC
