SELECT DISTINCT rejection_id
FROM quarantine
WHERE tenant_id = {tenant_id:String} AND rejection_id IN (SELECT rejection_id FROM rejections)
