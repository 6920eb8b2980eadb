-- The batches that read some contents, oldest first, each as its last line says.
SELECT
    batch_id, any(l.content_hash) AS content_hash, any(l.file) AS file, min(l.at) AS began,
    argMax(l.state, (l.state != 'started', l.at)) AS state,
    argMax(l.format, (l.state != 'started', l.at)) AS format,
    argMax(l.detail, (l.state != 'started', l.at)) AS detail,
    max(l.read) AS read, max(l.accepted) AS accepted, max(l.duplicate) AS duplicate,
    max(l.ignored) AS ignored, max(l.rejected) AS rejected, max(l.corrected) AS corrected
FROM ingest_ledger AS l
WHERE l.tenant_id = {tenant_id:String} AND l.content_hash IN (SELECT content_hash FROM contents) AND l.source != 'quarantine'
GROUP BY batch_id
ORDER BY began
