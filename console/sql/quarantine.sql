-- Which rows are on the page is found by their keys; whole rows are read for the page alone.
WITH page AS
(
    SELECT r.tenant_id AS tenant_id, r.at AS at, r.rejection_id AS rejection_id, j.kind AS kind, j.actor AS actor, j.because AS because
    FROM
    (
        SELECT tenant_id, rejection_id, min(rejected_at) AS at
        FROM quarantine
        WHERE ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
          AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
          AND ({reason:String} = '' OR reason = {reason:String})
          -- of a month are those with a date of it, and those of which no date can be read
          AND ({first:String} = '' OR empty(extractAll(raw, '[0-9]{4}-[0-9]{2}-[0-9]{2}'))
              OR arrayExists(d -> d IS NULL OR (d >= toDate32OrZero({first:String}) AND d <= toDate32OrZero({last:String})),
                  arrayMap(d -> toDate32OrNull(d), extractAll(raw, '[0-9]{4}-[0-9]{2}-[0-9]{2}'))))
          AND ({id:String} = '' OR rejection_id = toUUIDOrZero({id:String}))
        GROUP BY tenant_id, rejection_id
    ) AS r
    LEFT JOIN
    (
        SELECT toUUIDOrZero(subject) AS rejection_id, argMax(kind::String, version) AS kind, argMax(actor, version) AS actor, argMax(reason, version) AS because
        FROM journal_events
        WHERE stream = 'quarantine'
        GROUP BY subject
    ) AS j ON j.rejection_id = r.rejection_id
    WHERE ({all:Bool} OR j.kind = '')
      AND ({after_at:String} = '' OR (r.at, toString(r.rejection_id)) < (parseDateTime64BestEffortOrZero({after_at:String}, 6, 'UTC'), {after:String}))
    ORDER BY r.at DESC, toString(r.rejection_id) DESC
    LIMIT {limit:UInt64} OFFSET {offset:UInt64}
)
SELECT
    toString(p.rejection_id)                AS id,
    toString(p.at)                          AS key,
    p.tenant_id::String                     AS tenant_id,
    if(t.name = '', tenant_id, t.name)      AS tenant,
    q.file AS file, q.member AS member, q.position AS position, q.header AS header,
    q.reason::String                        AS reason,
    q.detail AS detail, q.usage_id AS usage_id, q.raw AS raw,
    toDateTime(p.at, 'UTC')                 AS at,
    if(p.kind = '', 'open', p.kind)         AS state,
    p.actor                                 AS by,
    p.because                               AS because
FROM page AS p
INNER JOIN
(
    SELECT tenant_id, rejected_at, rejection_id, file, member, position, header, reason, detail, usage_id, raw
    FROM quarantine
    WHERE (tenant_id, rejected_at, rejection_id) IN (SELECT tenant_id, at, rejection_id FROM page)
    LIMIT 1 BY tenant_id, rejection_id
) AS q ON q.tenant_id = p.tenant_id AND q.rejection_id = p.rejection_id
LEFT JOIN tenants AS t ON t.tenant_id = p.tenant_id
ORDER BY p.at DESC, id DESC
