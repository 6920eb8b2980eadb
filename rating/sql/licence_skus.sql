-- The SKUs of some snapshots whose licences work. A snapshot whose rows were written twice, by an
-- import that was killed, counts once.
SELECT
    toString(snapshot_id)                             AS snapshot_id,
    any(lower(sku_part_number))                       AS part,
    any(arrayMap(p -> lower(p), service_plan_ids))    AS plans,
    any(enabled + warning)                            AS purchased,
    any(consumed)                                     AS assigned
FROM snapshot_skus
WHERE snapshot_skus.snapshot_id IN ({snapshots:Array(UUID)})
  AND lower(capability_status) IN ('enabled', 'warning')
GROUP BY snapshot_skus.snapshot_id, sku_id
