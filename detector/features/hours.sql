-- hours: what an organizer's calls that ended in an hour amount to. By the end, so that an hour
-- is whole once it is over: a call that is still up belongs to the hour in which it will end,
-- and nothing of an hour depends on what ended after it. Internal; rules read
-- `organizer_hours`, whose head says what the columns mean. Over `calls` in a dry run, a
-- backtest and the tests of rules; kept in the table organizer_hour_rows by the same SQL.
WITH
    legs AS
    (
        SELECT
            tenant_id, organizer_id, toString(number) AS number, toString(npa_nxx) AS block, toString(country) AS country, toString(class) AS class,
            high_cost, masked, started_at, ended_at, seconds, addon,
            toStartOfHour(ended_at) AS hour,
            seconds > 0             AS up,
            lagInFrame(toNullable(ended_at)) OVER (PARTITION BY tenant_id, organizer_id, number ORDER BY ended_at, usage_id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous,
            previous IS NULL OR previous < started_at - toIntervalDay(90) AS new_callee,
            startsWith(number, '+1') AND country NOT IN ('', 'US', 'CA')  AS abroad,
            toDecimal64(multiIf(
                class = 'premium', {rate_premium:Decimal(18, 6)},
                class = 'satellite', {rate_satellite:Decimal(18, 6)},
                class = 'toll_free', {rate_toll_free:Decimal(18, 6)},
                high_cost, {rate_high_cost:Decimal(18, 6)},
                has({rate_countries:Array(String)}, country), {rate_values:Array(Decimal(18, 6))}[indexOf({rate_countries:Array(String)}, country)],
                {rate_default:Decimal(18, 6)}), 6) AS rate
        FROM calls
    ),
    counted AS
    (
        SELECT
            tenant_id, organizer_id, hour,
            toUInt32(count())                                      AS calls,
            toUInt32(countIf(up))                                  AS answered,
            toUInt64(sum(l.seconds))                               AS seconds,
            toUInt32(countIf(up AND l.seconds <= 30))              AS short_calls,
            toUInt32(countIf(l.seconds >= 4 * 3600))               AS long_calls,
            toUInt32(uniqExact(number))                            AS callees,
            toUInt32(uniqExactIf(number, new_callee))              AS new_callees,
            -- What each callee and block had: seconds, or calls where nobody answered.
            if(seconds > 0, sumMap([number], [toUInt64(l.seconds)]).2, sumMap([number], [toUInt64(1)]).2)                                       AS by_callee,
            if(seconds > 0, sumMapIf([block], [toUInt64(l.seconds)], block != '').2, sumMapIf([block], [toUInt64(1)], block != '').2) AS by_block,
            arraySort(groupUniqArrayArrayIf(
                arrayMap(i -> toStartOfHour(started_at) + toIntervalHour(i), range(toUInt64(least(2400, 1 + dateDiff('hour',
                    toStartOfHour(started_at), toStartOfHour(greatest(started_at, ended_at - toIntervalMicrosecond(1)))))))), up)) AS hours_up,
            -- Of the numbers, how many follow another one of the hour by one.
            toUInt32(arrayCount(step -> step = 1, arrayDifference(arraySort(groupUniqArrayIf(toUInt64OrZero(substring(number, 2)), NOT masked)))))  AS sequential_callees,
            toUInt32(countIf(class = 'toll_free'))                 AS toll_free_calls,
            toUInt64(sumIf(l.seconds, class = 'toll_free'))        AS toll_free_seconds,
            toUInt32(countIf(high_cost))                           AS high_cost_calls,
            toUInt64(sumIf(l.seconds, high_cost))                  AS high_cost_seconds,
            toUInt32(countIf(abroad))                              AS plus_one_abroad_calls,
            toUInt64(sumIf(l.seconds, abroad))                     AS plus_one_abroad_seconds,
            if(empty({addon_plans:Array(String)}), NULL, toNullable(toUInt64(sumIf(l.seconds, coalesce(addon, false) AND country IN ('US', 'CA'))))) AS addon_seconds,
            toDecimal64(sum(rate * l.seconds) / 60, 6)             AS exposure_amount
        FROM legs AS l
        /* touched */
        GROUP BY tenant_id, organizer_id, hour
    ),
    -- The most legs at once while a call of the hour was up, of all that had ended by its end.
    -- Which hours to look back to for them says the first start.
    spans AS
    (
        SELECT
            tenant_id, organizer_id, toStartOfHour(ended_at) AS hour, min(started_at) AS first,
            arrayJoin(arrayMap(i -> toStartOfHour(first) + toIntervalHour(i), range(toUInt64(least(2400, 1 + dateDiff('hour', toStartOfHour(first), hour)))))) AS back
        FROM calls AS l
        WHERE seconds > 0 /* touched too */
        GROUP BY tenant_id, organizer_id, hour
    ),
    beside AS
    (
        SELECT
            s.tenant_id AS tenant_id, s.organizer_id AS organizer_id, s.hour AS hour,
            -- Who hangs up at the moment at which another is connected is not beside it.
            arraySort(groupArrayArray([(x.started_at, 1, s.hour = s.back), (x.ended_at, -1, s.hour = s.back)])) AS turns,
            arrayCumSum(turns.2)                                       AS open,
            arrayCumSum(arrayMap(t -> if(t.3, t.2, 0), turns))         AS own,
            toUInt32(arrayMax(arrayMap((a, o) -> if(o > 0, a, 0), open, own))) AS most_legs
        FROM spans AS s
        INNER JOIN (SELECT tenant_id, organizer_id, started_at, ended_at, toStartOfHour(ended_at) AS back FROM calls WHERE seconds > 0) AS x
            ON s.tenant_id = x.tenant_id AND s.organizer_id = x.organizer_id AND s.back = x.back
        WHERE x.ended_at > s.first
        GROUP BY tenant_id, organizer_id, hour
    )
SELECT
    c.tenant_id AS tenant_id, c.organizer_id AS organizer_id, c.hour AS hour,
    calls, answered, seconds, short_calls, long_calls, callees, new_callees,
    round(arrayMax(by_callee) / arraySum(by_callee), 6)                                                    AS top_callee_share,
    round(arraySum(n -> n / arraySum(by_callee) * log2(arraySum(by_callee) / n), by_callee), 6)            AS callee_entropy,
    if(empty(by_block), NULL, toNullable(round(arrayMax(by_block) / arraySum(by_callee), 6)))              AS top_block_share,
    if(empty(by_block), NULL, toNullable(round(arraySum(n -> n / arraySum(by_block) * log2(arraySum(by_block) / n), by_block), 6))) AS block_entropy,
    b.most_legs AS most_legs, hours_up, sequential_callees,
    toll_free_calls, toll_free_seconds, high_cost_calls, high_cost_seconds, plus_one_abroad_calls, plus_one_abroad_seconds,
    addon_seconds, exposure_amount
FROM counted AS c
LEFT JOIN beside AS b ON c.tenant_id = b.tenant_id AND c.organizer_id = b.organizer_id AND c.hour = b.hour
