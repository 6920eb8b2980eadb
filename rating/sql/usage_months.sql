-- What there is to rate: every tenant-month with usage, and a fingerprint of all revisions
-- that can bear on it. Read from the projection by_day: a few rows a tenant and day.
--
-- A day that belongs to two months of the plan's time zone counts for both, and a correction
-- that moved a call counts where it came from too. So a month can look stale and be none;
-- it cannot look fresh and be stale.
SELECT
    tenant_id,
    month,
    sum(records)     AS records,
    sum(hash)        AS fingerprint,
    sum(corrections) AS corrections
FROM
(
    SELECT
        tenant_id,
        toDate(started_at)                                                        AS day,
        if(revision = 0, toDate(started_at), toDate(replaces_started_at))         AS replaced_day,
        countIf(is_conf_out OR revision > 0)                                      AS records,
        sumIf(cityHash64(usage_key, revision, content_hash), is_conf_out OR revision > 0) AS hash,
        sumIf(cityHash64(usage_key, revision, content_hash), revision > 0)        AS corrections
    FROM usage_revisions
    WHERE empty({tenants:Array(String)}) OR tenant_id IN ({tenants:Array(String)})
    GROUP BY tenant_id, day, replaced_day
    HAVING records > 0
)
ARRAY JOIN arrayDistinct(
[
    toStartOfMonth(toTimeZone(toDateTime64(day, 0, 'UTC'), {zone:String})),
    toStartOfMonth(toTimeZone(toDateTime64(day, 0, 'UTC') + INTERVAL 86399 SECOND, {zone:String})),
    toStartOfMonth(toTimeZone(toDateTime64(replaced_day, 0, 'UTC'), {zone:String})),
    toStartOfMonth(toTimeZone(toDateTime64(replaced_day, 0, 'UTC') + INTERVAL 86399 SECOND, {zone:String}))
]) AS month
WHERE empty({months:Array(Date)}) OR month IN ({months:Array(Date)})
GROUP BY tenant_id, month
ORDER BY month, tenant_id
