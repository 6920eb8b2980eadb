-- contacts: who called which number first when, for the numbers that are called from more
-- than one tenant. Of all tenants, whatever tenants the pass is about. Toll-free numbers are
-- left out: many people stand behind one of them.
--
-- Some sources hide the last digits. A number is listed once more under each text with two
-- to four of its digits hidden, more than it hides itself, that somebody else's calls have, so
-- that the same callee is found behind both. Of a high-cost block that is not done: what is
-- left of its numbers names the block, which many call.
--
--   tenant_id, organizer_id, number
--   called        the same number as it stands in the organizer's calls
--   first_ended   when the organizer's first call to it ended, as far as 98 days back
--   first_at      the step that first sees that
--   callees       how many different numbers the organizer had called by then
WITH
    called AS
    (
        SELECT
            tenant_id, organizer_id, callee_number AS called, any(masked) AS hidden, any(high_cost) AS rural,
            min(greatest(ended_at, started_at + toIntervalSecond(seconds))) AS first_ended,
            toUnixTimestamp64Nano(first_ended) + {latency_ms:Int64} * 1000000 - {from_ms:Int64} * 1000000 AS late,
            if(late > 0, intDiv(late + {step_ms:Int64} * 1000000 - 1, {step_ms:Int64} * 1000000), 0)      AS steps,
            fromUnixTimestamp64Milli({from_ms:Int64} + steps * {step_ms:Int64}, 'UTC')                     AS first_at
        FROM {usage:Identifier}
        WHERE is_conf_out
          AND organizer_id != ''
          AND destination_class != 'toll_free'
          AND started_at >= fromUnixTimestamp64Milli({history_ms:Int64}, 'UTC')
          AND started_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        GROUP BY tenant_id, organizer_id, called
        HAVING {from_ms:Int64} + steps * {step_ms:Int64} <= {to_ms:Int64}
    ),
    counted AS
    (
        SELECT
            tenant_id, organizer_id, called, hidden, rural, first_ended, first_at,
            row_number() OVER (PARTITION BY tenant_id, organizer_id ORDER BY first_ended, called) AS callees
        FROM called
    ),
    listed AS
    (
        SELECT
            *,
            length(called) - length(trimRight(replaceAll(called, '*', ' '))) AS lacks,
            arrayJoin(arrayConcat([called],
                arrayMap(n -> concat(substring(called, 1, length(called) - n), repeat('*', n)), arrayFilter(n -> n > lacks AND NOT rural, [2, 3, 4])))) AS number
        FROM counted
    )
SELECT tenant_id, organizer_id, number, called, first_ended, first_at, callees
FROM
(
    SELECT
        *,
        min(tenant_id) OVER (PARTITION BY number) AS one,
        max(tenant_id) OVER (PARTITION BY number) AS another
    FROM listed
    WHERE (number = called AND NOT (hidden AND rural)) OR number IN (SELECT called FROM called WHERE hidden AND NOT rural)
)
WHERE one != another
