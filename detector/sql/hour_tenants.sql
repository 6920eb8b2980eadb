-- The tenants that have records, and how much there is of each, by the sums that the table keeps.
SELECT tenant_id, countIf(is_conf_out OR revision > 0) AS calls
FROM usage_revisions
GROUP BY tenant_id
HAVING calls > 0
ORDER BY tenant_id
