-- The organizers that a pass over new records judges: those with a record stored since, those
-- that a corrected record was taken from, and those with a call that could not be seen by the
-- last pass because it had not ended then.
CREATE TABLE {table:Identifier} ENGINE = MergeTree ORDER BY (tenant_id, organizer_id) AS
WITH
    stored AS
    (
        SELECT tenant_id, organizer_id, revision, replaces_started_at
        FROM usage_revisions
        WHERE stored_at >= fromUnixTimestamp64Micro({stored_us:Int64}, 'UTC')
    ),
    corrected AS
    (
        SELECT tenant_id, organizer_id
        FROM usage_revisions
        WHERE (tenant_id, started_at) IN (SELECT tenant_id, replaces_started_at FROM stored WHERE revision > 0)
    ),
    ended AS
    (
        SELECT tenant_id, organizer_id
        FROM usage_revisions
        WHERE has({tenants:Array(String)}, tenant_id)
          AND started_at >= fromUnixTimestamp64Milli({last_ms:Int64}, 'UTC') - toIntervalDay(2)
          AND greatest(ended_at, started_at + toIntervalSecond(seconds)) > fromUnixTimestamp64Milli({last_ms:Int64} - {latency_ms:Int64}, 'UTC')
    )
SELECT DISTINCT toString(tenant_id) AS tenant_id, organizer_id
FROM
(
    SELECT tenant_id, organizer_id FROM stored
    UNION ALL
    SELECT tenant_id, organizer_id FROM corrected
    UNION ALL
    SELECT tenant_id, organizer_id FROM ended
)
WHERE organizer_id != '' AND has({tenants:Array(String)}, tenant_id)
