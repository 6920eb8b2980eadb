-- How often each rule found something about each organizer, whatever its status was then.
SELECT rule_id, tenant_id, organizer_id, uniqExact(finding_id) AS findings, max(at) AS newest
FROM finding_rows
GROUP BY rule_id, tenant_id, organizer_id
ORDER BY rule_id, tenant_id, organizer_id
