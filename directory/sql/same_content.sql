SELECT snapshot_id, tenant_id, kind, snapshot_at, content_hash, rows, stored_at
FROM directory_snapshots
WHERE tenant_id = {tenant_id:String}
  AND kind IN ({kind:String}, concat({kind:String}, '_seen'))
  AND content_hash = unhex({content_hash:String})
ORDER BY snapshot_at
