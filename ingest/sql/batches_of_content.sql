SELECT
    batch_id, any(file) AS file,
    countIf(state = 'finished') > 0 AS finished,
    countIf(state IN ('finished', 'failed')) > 0 AS ended
FROM ingest_ledger
WHERE tenant_id = {tenant_id:String} AND content_hash = unhex({content_hash:String})
GROUP BY batch_id
ORDER BY min(at)
