-- As before; where nothing is missing, which is nearly always, no records are looked at.
CREATE OR REPLACE VIEW unkept_replaced AS
WITH
    corrections AS
    (
        SELECT
            tenant_id,
            if(revision > 0, usage_id, '')                                      AS id,
            if(revision > 0, replaces_started_at, toDateTime64(0, 7, 'UTC'))    AS at,
            max(revision)                                                       AS newest
        FROM usage_revisions
        GROUP BY tenant_id, id, at
    ),
    missing AS
    (
        SELECT c.tenant_id AS tenant_id, c.id AS id, c.newest AS newest
        FROM (SELECT tenant_id, id, max(corrections.newest) AS newest FROM corrections GROUP BY tenant_id, id HAVING newest > 0) AS c
        LEFT JOIN (SELECT tenant_id, usage_id, uniqExact(revision) AS revisions FROM kept_replaced GROUP BY tenant_id, usage_id) AS k
            ON k.tenant_id = c.tenant_id AND k.usage_id = c.id
        WHERE k.revisions < c.newest
    )
SELECT
    u.tenant_id AS tenant_id, u.usage_id AS usage_id, u.revision AS revision, u.started_at AS started_at, u.is_conf_out AS is_conf_out,
    u.organizer_id AS organizer_id, u.destination_country AS destination_country, u.seconds AS seconds
FROM usage_revisions AS u
INNER JOIN missing AS m ON m.tenant_id = u.tenant_id AND m.id = u.usage_id
WHERE (SELECT count() FROM missing) > 0
  AND u.revision < m.newest
  AND (u.tenant_id, u.started_at, u.usage_id) IN (SELECT tenant_id, at, id FROM corrections WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM missing))
  AND (u.tenant_id, u.usage_id, u.revision) NOT IN (SELECT tenant_id, usage_id, revision FROM kept_replaced);
