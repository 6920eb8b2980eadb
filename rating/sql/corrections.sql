-- The corrections that bear on the tenant-months of a batch, as in usage_months.sql.
SELECT tenant_id, month, sum(hash) AS corrections
FROM
(
    SELECT
        tenant_id,
        toDate(started_at)                                                AS day,
        if(revision = 0, toDate(started_at), toDate(replaces_started_at)) AS replaced_day,
        sumIf(cityHash64(usage_key, revision, content_hash), revision > 0) AS hash
    FROM usage_revisions
    WHERE tenant_id IN (SELECT tenant_id FROM rating_attempts WHERE batch_id = {batch:UUID})
    GROUP BY tenant_id, day, replaced_day
)
ARRAY JOIN arrayDistinct(
[
    toStartOfMonth(toTimeZone(toDateTime64(day, 0, 'UTC'), {zone:String})),
    toStartOfMonth(toTimeZone(toDateTime64(day, 0, 'UTC') + INTERVAL 86399 SECOND, {zone:String})),
    toStartOfMonth(toTimeZone(toDateTime64(replaced_day, 0, 'UTC'), {zone:String})),
    toStartOfMonth(toTimeZone(toDateTime64(replaced_day, 0, 'UTC') + INTERVAL 86399 SECOND, {zone:String}))
]) AS month
WHERE hash != 0
GROUP BY tenant_id, month
