-- contacts: who called which number first when, for the numbers that are called from more
-- than one tenant. Of all tenants, whatever tenants the pass is about. Masked numbers and
-- toll-free ones are left out: many people stand behind one of them.
--
--   tenant_id, organizer_id, number
--   first_ended   when the organizer's first call to it ended, as far as 98 days back
--   first_at      the step that first sees that
--   callees       how many different numbers the organizer had called by then
SELECT tenant_id, organizer_id, number, first_ended, first_at, callees
FROM
(
    SELECT
        *,
        row_number() OVER (PARTITION BY tenant_id, organizer_id ORDER BY first_ended, number) AS callees,
        min(tenant_id) OVER (PARTITION BY number) AS one,
        max(tenant_id) OVER (PARTITION BY number) AS another
    FROM
    (
        SELECT
            tenant_id, organizer_id, callee_number AS number,
            min(greatest(ended_at, started_at + toIntervalSecond(seconds))) AS first_ended,
            toUnixTimestamp64Nano(first_ended) + {latency_ms:Int64} * 1000000 - {from_ms:Int64} * 1000000 AS late,
            if(late > 0, intDiv(late + {step_ms:Int64} * 1000000 - 1, {step_ms:Int64} * 1000000), 0)      AS steps,
            fromUnixTimestamp64Milli({from_ms:Int64} + steps * {step_ms:Int64}, 'UTC')                     AS first_at
        FROM {usage:Identifier}
        WHERE is_conf_out
          AND organizer_id != ''
          AND NOT masked
          AND destination_class != 'toll_free'
          AND started_at >= fromUnixTimestamp64Milli({history_ms:Int64}, 'UTC')
          AND started_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        GROUP BY tenant_id, organizer_id, number
        HAVING {from_ms:Int64} + steps * {step_ms:Int64} <= {to_ms:Int64}
    )
)
WHERE one != another
