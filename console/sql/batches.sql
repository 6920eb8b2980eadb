SELECT
    l.tenant_id::String                     AS tenant_id,
    if(t.name = '', tenant_id, t.name)      AS tenant,
    l.file                                  AS file,
    l.format::String                        AS format,
    l.state::String                         AS state,
    l.read AS read, l.accepted AS accepted, l.duplicate AS duplicate, l.ignored AS ignored, l.rejected AS rejected, l.corrected AS corrected,
    l.detail                                AS detail,
    toDateTime(l.at, 'UTC')                 AS at,
    l.actor::String                         AS actor
FROM
(
    SELECT *
    FROM ingest_ledger
    LEFT JOIN (SELECT batch_id AS of_batch, true AS ended FROM ingest_ledger WHERE state != 'started' GROUP BY batch_id) AS e ON of_batch = batch_id
    WHERE ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
      AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
      AND ({state:String} = '' OR state = {state:String})
      AND ({file:String} = '' OR positionCaseInsensitiveUTF8(file, {file:String}) > 0)
      -- that a file was begun stands only until its end
      AND NOT (state = 'started' AND ended)
    ORDER BY at DESC, batch_id
    LIMIT {limit:UInt64} OFFSET {offset:UInt64}
) AS l
LEFT JOIN tenants AS t ON t.tenant_id = l.tenant_id
ORDER BY l.at DESC, l.batch_id
