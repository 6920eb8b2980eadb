-- Which numbers some calls of a tenant went to, by the key of the table: when they began is known.
SELECT usage_id, argMax(callee_number, revision) AS number
FROM usage_revisions
WHERE tenant_id = {tenant_id:String}
  AND started_at IN (SELECT arrayJoin({begins:Array(DateTime64(7, 'UTC'))}))
  AND usage_id IN ({usage_ids:Array(String)})
GROUP BY usage_id
