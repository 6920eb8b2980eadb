SELECT DISTINCT rejection_id
FROM quarantine
WHERE tenant_id = {tenant_id:String} AND toString(rejection_id) IN {ids:Array(String)}
