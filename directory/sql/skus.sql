SELECT sku_id, sku_part_number, capability_status, enabled, warning, consumed, service_plan_ids
FROM snapshot_skus
WHERE tenant_id = {tenant_id:String}
  AND snapshot_id =
  (
      SELECT argMax(snapshot_id, (snapshot_at, stored_at))
      FROM directory_snapshots
      WHERE tenant_id = {tenant_id:String} AND kind IN ('skus', 'skus_seen') AND snapshot_at <= {at:DateTime64(3)}
  )
ORDER BY sku_id
