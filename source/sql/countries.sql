-- Where the users of a tenant are, as far as usage says: Graph keeps records by country.
SELECT DISTINCT usage_country
FROM usage_revisions
WHERE tenant_id = {tenant_id:String} AND usage_country != ''
ORDER BY usage_country
