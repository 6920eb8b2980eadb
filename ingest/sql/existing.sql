-- All revisions of the records of a chunk. The hash column is an eighth of the ids'
-- size: it alone is read for the many granules that hold none of them.
SELECT usage_id, revision, content_hash, core_hash, format, batch_id, position, started_at
FROM usage_revisions
PREWHERE usage_key IN (SELECT cityHash64(usage_id) FROM incoming)
WHERE tenant_id = {tenant_id:String} AND usage_id IN (SELECT usage_id FROM incoming)
