SELECT
    if(name = '', tenant_id, name)  AS name,
    country::String                 AS country,
    segment::String                 AS segment,
    channel::String                 AS channel
FROM tenants
WHERE tenant_id = {tenant_id:String}
LIMIT 1
