-- Every SKU that a snapshot has shown, with its service plans.
SELECT DISTINCT lower(sku_part_number) AS part, arrayMap(p -> lower(p), service_plan_ids) AS plans
FROM snapshot_skus
