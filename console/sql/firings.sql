-- What a rule found in each month, beside how many organizers called in it.
SELECT
    toDateTime(f.month, 'UTC')  AS month,
    toInt64(f.organizers)       AS organizers,
    toInt64(f.findings)         AS findings,
    toInt64(f.critical)         AS critical,
    toInt64(c.calling)          AS calling
FROM
(
    SELECT
        toStartOfMonth(window_end - toIntervalMillisecond(1), 'UTC')            AS month,
        uniqExact(tenant_id, organizer_id)                          AS organizers,
        uniqExact(finding_id)                                       AS findings,
        uniqExactIf(finding_id, severity = 'critical')              AS critical
    FROM finding_rows
    WHERE rule_id = {rule_id:String}
    GROUP BY month
    ORDER BY month DESC
    LIMIT 12
) AS f
LEFT JOIN
(
    SELECT toStartOfMonth(day) AS month, uniqExact(tenant_id, organizer_id) AS calling
    FROM
    (
        SELECT tenant_id, organizer_id, toDate(started_at) AS day
        FROM usage_revisions
        WHERE is_conf_out
        GROUP BY tenant_id, organizer_id, day
    )
    GROUP BY month
) AS c ON c.month = f.month
ORDER BY f.month DESC
