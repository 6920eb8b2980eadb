-- It differs as soon as a tenant has another revision that can bear on a sum: revisions are only ever
-- added. The projection by_day answers.
SELECT tenant_id::String AS tenant_id, toString((sum(revisions), sum(hash))) AS fingerprint
FROM
(
    SELECT
        tenant_id,
        toDate(started_at)                                                        AS day,
        if(revision = 0, toDate(started_at), toDate(replaces_started_at))         AS replaced_day,
        countIf(is_conf_out OR revision > 0)                                      AS revisions,
        sumIf(cityHash64(usage_key, revision, content_hash), is_conf_out OR revision > 0) AS hash
    FROM usage_revisions
    WHERE tenant_id IN {tenants:Array(String)}
    GROUP BY tenant_id, day, replaced_day
)
GROUP BY tenant_id
