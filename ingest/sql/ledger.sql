-- Files by tenant in the order in which they were begun; of a file that is being read,
-- or whose reading was cut short, the line says started.
SELECT
    batch_id, tenant_id, source, file, content_hash, format, state,
    read, accepted, duplicate, ignored, rejected, corrected, detail, last_at AS at, actor
FROM
(
    SELECT
        batch_id, any(l.tenant_id) AS tenant_id, any(l.source) AS source, any(l.file) AS file,
        any(l.content_hash) AS content_hash, argMax(l.format, (l.state != 'started', l.at)) AS format,
        argMax(l.state, (l.state != 'started', l.at)) AS state,
        max(l.read) AS read, max(l.accepted) AS accepted, max(l.duplicate) AS duplicate,
        max(l.ignored) AS ignored, max(l.rejected) AS rejected, max(l.corrected) AS corrected,
        argMax(l.detail, (l.state != 'started', l.at)) AS detail, any(l.actor) AS actor, min(l.at) AS first_at, max(l.at) AS last_at
    FROM ingest_ledger AS l
    WHERE {tenant_id:String} = '' OR l.tenant_id = {tenant_id:String}
    GROUP BY batch_id
)
ORDER BY tenant_id, first_at, file
