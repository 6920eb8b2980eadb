SELECT
    bucket::String AS name,
    '' AS label,
    toInt64(uniq(usage_id)) AS calls,
    toInt64(sum(seconds)) AS seconds
FROM ratings
WHERE started_at >= {from:DateTime} AND started_at < {to:DateTime}
  AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
  AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, tenant_id::String))
GROUP BY name
ORDER BY seconds DESC, name
LIMIT 200
