SELECT
    organizer_id AS name,
    toString(any(organizer_name)) AS label,
    toInt64(count()) AS calls,
    toInt64(sum(u.seconds)) AS seconds
FROM usage AS u
WHERE u.is_conf_out
  AND u.started_at >= {from:DateTime} AND u.started_at < {to:DateTime}
  AND ({tenant_id:String} = '' OR u.tenant_id = {tenant_id:String})
  AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, u.tenant_id::String))
GROUP BY name
ORDER BY seconds DESC, name
LIMIT 200
