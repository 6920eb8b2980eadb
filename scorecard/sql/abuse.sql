-- The abusive calls of each organizer: when the first began, how long they are together, and
-- how much of that began at or after the alert. A call is abusive that is named, or, where no
-- calls are named, that began in the time that the organizer's label gives.
WITH
    alerts AS
    (
        SELECT tenant_id, organizer_id, min(at) AS alerted_at
        FROM journal_events
        WHERE stream = 'case' AND actor = 'system:detector' AND JSONExtractInt(body, 'score') >= {threshold:UInt8}
        GROUP BY tenant_id, organizer_id
    ),
    abusive AS
    (
        SELECT tenant_id, organizer_id, started_at, seconds
        FROM usage
        WHERE is_conf_out AND {named:Bool} AND (tenant_id, usage_id) IN (SELECT tenant_id, usage_id FROM named_calls)
        UNION ALL
        SELECT u.tenant_id, u.organizer_id, u.started_at, u.seconds
        FROM usage AS u
        INNER JOIN spans AS s ON s.tenant_id = u.tenant_id AND s.organizer_id = u.organizer_id
        WHERE u.is_conf_out AND NOT {named:Bool} AND u.started_at >= s.since AND u.started_at <= s.until
    )
SELECT
    c.tenant_id AS tenant_id, c.organizer_id AS organizer_id,
    min(c.started_at) AS first_abuse,
    toInt64(sum(c.seconds)) AS abusive_seconds,
    toInt64(sumIf(c.seconds, a.alerted_at > toDateTime64(0, 3, 'UTC') AND c.started_at >= a.alerted_at)) AS seconds_to_come
FROM abusive AS c
LEFT JOIN alerts AS a ON a.tenant_id = c.tenant_id AND a.organizer_id = c.organizer_id
GROUP BY tenant_id, organizer_id
