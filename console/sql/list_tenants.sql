SELECT
    s.tenant_id                                     AS tenant_id,
    if(t.name = '', s.tenant_id, t.name)            AS tenant_name,
    t.country::String                               AS country,
    t.segment::String                               AS segment,
    t.channel::String                               AS channel,
    toDateTime(s.stored_at, 'UTC')                  AS stored_at,
    s.files                                         AS files,
    s.rejected                                      AS rejected
FROM
(
    SELECT tenant_id, max(stored) AS stored_at, sum(batches) AS files, sum(bad) AS rejected
    FROM
    (
        SELECT tenant_id::String AS tenant_id, max(at) AS stored, uniqExact(batch_id) AS batches, sum(ingest_ledger.rejected) AS bad
        FROM ingest_ledger
        GROUP BY tenant_id
        UNION ALL
        SELECT tenant_id, toDateTime64(0, 6, 'UTC') AS stored, 0 AS batches, 0 AS bad FROM tenant_revisions GROUP BY tenant_id
    )
    WHERE (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id))
      AND tenant_id > {after:String}
    GROUP BY tenant_id
    ORDER BY tenant_id
    LIMIT {limit:UInt64}
) AS s
LEFT JOIN tenants AS t ON t.tenant_id = s.tenant_id
ORDER BY tenant_id
