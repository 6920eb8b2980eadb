-- Of each tenant what rating depends on, and which licence generation is its newest.
SELECT
    if(t.tenant_id != '', t.tenant_id, g.tenant_id) AS tenant_id,
    t.name AS name, t.country AS country, t.segment AS segment, t.channel AS channel,
    t.credits_funded AS credits_funded, t.credits_currency AS credits_currency,
    g.licences_version AS licences_version
FROM
(
    SELECT * FROM tenants WHERE empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)})
) AS t
FULL JOIN
(
    SELECT tenant_id::String AS tenant_id, cityHash64(argMax(generation_id, stored_at)) AS licences_version
    FROM licence_generations
    WHERE empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)})
    GROUP BY tenant_id
) AS g ON g.tenant_id = t.tenant_id
