-- What the projection by_day has of a tenant's revisions that can bear on a span: it differs as
-- soon as one is added.
SELECT concat(toString(sum(n)), ' ', toString(sum(h)), ' ', toString(sum(corrections))) AS state
FROM
(
    SELECT
        toDate(started_at)                                                AS day,
        if(revision = 0, toDate(started_at), toDate(replaces_started_at)) AS replaced_day,
        countIf(is_conf_out OR revision > 0)                              AS n,
        sumIf(cityHash64(usage_key, revision, content_hash), is_conf_out OR revision > 0) AS h,
        sumIf(cityHash64(usage_key, revision, content_hash), revision > 0) AS corrections
    FROM usage_revisions
    WHERE tenant_id = {tenant:String}
    GROUP BY day, replaced_day
)
WHERE (day >= toDate({month_from:DateTime64(7, 'UTC')}) AND day <= toDate({month_to:DateTime64(7, 'UTC')}))
   OR (replaced_day >= toDate({month_from:DateTime64(7, 'UTC')}) AND replaced_day <= toDate({month_to:DateTime64(7, 'UTC')}))
