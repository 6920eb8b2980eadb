-- Rates the tenant-months of one batch, all of the same month, in one pass: what pays for
-- the seconds of each call. Rows count once their runs are published.
INSERT INTO rating_rows
(
    run_id, tenant_id, month, usage_id, revision, organizer_id, started_at, part,
    bucket, seconds, billed_tenths, connection_charge, amount, currency, rate_sheet, rate_prefix, unfunded_because,
    reason, conferencing, pool, pool_before, pool_after
)
WITH
-- The bits of what an organizer holds.
    1 AS subscription, 2 AS pay_per_minute, 4 AS free_subscription, 8 AS addon, 16 AS credits_plan,

runs AS
(
    SELECT
        run_id, tenant_id, month, tenant_country, credits_funded, credits_currency, pool_seconds, select_pool_seconds,
        sheet_ids, sheets_from
    FROM rating_attempts
    WHERE batch_id = {batch:UUID} AND month = {month:Date}
),

-- What each organizer holds, from each moment at which it changes.
holdings AS
(
    SELECT
        tenant_id,
        organizer_id,
        toDateTime64(moment, 7, 'UTC') AS held_from,
        arrayReduce('groupBitOr', arrayMap(s -> if(s.1 <= moment AND moment < s.2, s.3, 0), spans)) AS held
    FROM
    (
        SELECT
            tenant_id,
            organizer_id,
            groupArray((held_from, held_to, gives)) AS spans,
            arrayDistinct(arrayFlatten([groupArray(held_from), groupArray(held_to)])) AS moments
        FROM
        (
            SELECT
                tenant_id,
                organizer_id,
                held_from,
                held_to,
                multiIf(
                    has({conferencing_plans:Array(String)}, service_plan_id), subscription,
                    has({pay_per_minute_plans:Array(String)}, service_plan_id), pay_per_minute,
                    has({select_plans:Array(String)}, service_plan_id), free_subscription,
                    has({addon_plans:Array(String)}, service_plan_id), addon,
                    has({credits_plans:Array(String)}, service_plan_id), credits_plan,
                    0)::UInt8 AS gives
            FROM licences
            WHERE tenant_id IN (SELECT tenant_id FROM runs)
              AND gives != 0 AND held_from < {month_to:DateTime64(7, 'UTC')} AND held_to > {month_from:DateTime64(7, 'UTC')}
        )
        GROUP BY tenant_id, organizer_id
    )
    ARRAY JOIN moments AS moment
),

-- Rates of the sheets in force, one a prefix: the tenant's own country before any, the
-- number's own type before the general one.
prefixes AS
(
    SELECT
        s.sheet_id AS sheet_id, s.origin AS origin, premium,
        rpad(translate(r.prefix, '0123456789', '123456789A'), 16, '0') AS padded,
        toUInt8(length(r.prefix)) AS digits,
        r.prefix AS prefix,
        argMin(
            (r.per_minute, r.connection_charge),
            (
                r.origin = '',
                multiIf(
                    r.number_type = 'All Number Types', premium,
                    r.number_type = 'Wireline', 2,
                    r.number_type = 'Wireless', 3,
                    if(premium, 0, 4)),
                r.row_number
            )) AS rate
    FROM
    (
        SELECT DISTINCT arrayJoin(sheet_ids) AS sheet_id, tenant_country AS origin FROM runs WHERE credits_funded
    ) AS s
    INNER JOIN rate_rows AS r ON r.sheet_id = s.sheet_id
    CROSS JOIN (SELECT arrayJoin([0, 1])::UInt8 AS premium) AS kinds
    WHERE r.origin IN ('', s.origin)
    GROUP BY sheet_id, origin, premium, prefix
),

-- Where, in the order of numbers, another rate begins, and which it is: the longest
-- prefix of all that reach there. '' is none.
ranges AS
(
    SELECT
        b.sheet_id AS sheet_id, b.origin AS origin, b.premium AS premium, b.starts AS starts,
        argMax(p.prefix, p.digits) AS prefix,
        argMax(p.rate, p.digits) AS rate
    FROM
    (
        SELECT
            sheet_id, origin, premium, starts,
            arrayJoin(range(1, 16))::UInt8 AS digits,
            rpad(substring(hex(starts), 1, digits), 16, '0') AS padded
        FROM
        (
            SELECT DISTINCT
                sheet_id, origin, premium,
                reinterpretAsUInt64(reverse(unhex(padded))) AS first,
                arrayJoin([first, (first + bitShiftLeft(1::UInt64, (4 * (16 - digits))::UInt8))::UInt64]) AS starts
            FROM prefixes
        )
    ) AS b
    LEFT JOIN prefixes AS p
        ON p.sheet_id = b.sheet_id AND p.origin = b.origin AND p.premium = b.premium AND p.digits = b.digits AND p.padded = b.padded
    GROUP BY sheet_id, origin, premium, starts
),

-- Each record at its latest revision. A revision is replaced by a later one, and that one
-- says at which start it replaced it: so only this month's corrections are read, however
-- many there are in others.
--
-- From here on each step is a SELECT of its own, and none uses a name it has just made:
-- the engine would work such a name out anew wherever it stands.
records AS
(
    SELECT
        (r.run_id, r.month, c.usage_id, c.revision, c.organizer_id) AS call,
        c.tenant_id AS tenant_id, c.started_at AS started_at, c.seconds AS seconds, c.destination_class AS class, h.held AS held,
        if(c.destination_class = 'toll_free' AND (c.destination_country = 'US' OR c.npa_nxx != ''),
            if({toll_free_counts_as_us:Bool}, 'US', ''),
            c.destination_country)::String AS country,
        (r.pool_seconds, r.select_pool_seconds, r.credits_funded) AS tenant,
        (r.credits_currency::String, w.sheet_id, w.prefix, w.rate.1, w.rate.2) AS rate
    FROM
    (
        SELECT *
        FROM usage_revisions
        WHERE tenant_id IN (SELECT tenant_id FROM runs)
          AND started_at >= {month_from:DateTime64(7, 'UTC')} AND started_at < {month_to:DateTime64(7, 'UTC')}
          AND is_conf_out
          AND (tenant_id, usage_id, revision) NOT IN
          (
              SELECT tenant_id, usage_id, arrayJoin(range(0, revision))::UInt16
              FROM usage_revisions
              WHERE tenant_id IN (SELECT tenant_id FROM runs)
                AND revision > 0
                AND replaces_started_at >= {month_from:DateTime64(7, 'UTC')} AND replaces_started_at < {month_to:DateTime64(7, 'UTC')}
          )
    ) AS c
    INNER JOIN runs AS r ON r.tenant_id = c.tenant_id
    ASOF LEFT JOIN holdings AS h
        ON h.tenant_id = c.tenant_id AND h.organizer_id = c.organizer_id AND h.held_from <= c.started_at
    ASOF LEFT JOIN ranges AS w
        ON w.sheet_id = r.sheet_ids[arrayCount(f -> f <= c.started_at, r.sheets_from)]
            AND w.origin = r.tenant_country
            AND w.premium = (c.destination_class = 'premium')
            -- The digits that are shown, as a number of 16 hexadecimal digits: a digit d is d + 1,
            -- and 0 is none. So a prefix is a range of numbers that begins with itself.
            AND w.starts <= reinterpretAsUInt64(reverse(unhex(rightPad(
                translate(substring(extract(c.callee_number, '^\\+?([0-9]*)'), 1, 15), '0123456789', '123456789A'), 16, '0'))))
),

-- The rules' conditions.
conditions AS
(
    SELECT
        call, tenant_id, started_at, seconds, class, held, tenant, rate,
        bitAnd(held, addon) != 0 AND bitAnd(held, {addon_requires:UInt8}) != 0
            AND has({addon_countries:Array(String)}, country) AND NOT has({addon_never:Array(String)}, class) AS on_addon,
        has({pool_countries:Array(String)}, country) AND NOT has({pool_never:Array(String)}, class) AS in_pool,
        has({select_countries:Array(String)}, country) AND NOT has({select_never:Array(String)}, class) AS in_select_pool,
        tenant.3 AND bitAnd(held, pay_per_minute + credits_plan) != 0 AS on_credits
    FROM records
),

-- Which pool a call may draw on: 1 the tenant's, 2 that of the free subscription, 0 none.
-- The tenant's is for who holds a subscription, and for who holds no conferencing at all.
-- In lists of eight, a place is what is held of subscription, pay-per-minute and free.
calls AS
(
    SELECT
        call, tenant_id, started_at, seconds, tenant, rate,
        if(on_addon, 0, [0, in_pool, 2 * in_select_pool][[1, 1, 0, 1, 2, 1, 2, 1][bitAnd(held, 7) + 1] + 1])::UInt8 AS pool,
        -- What pays for what no pool does.
        multiIf(on_addon, 'addon', on_credits, 'credits', 'unfunded') AS bucket,
        (
            ['none', 'subscription', 'pay_per_minute', 'subscription', 'select', 'subscription', 'select', 'subscription'][bitAnd(held, 7) + 1],
            multiIf(
                on_addon, 'addon',
                class IN ('premium', 'satellite'), class::String,
                NOT in_pool, 'other',
                bitAnd(held, free_subscription) != 0, 'select',
                'pay_per_minute'),
            if(bitAnd(held, pay_per_minute + credits_plan) != 0, 'credits_not_funded', 'no_credits_licence')
        ) AS told
    FROM conditions
),

draws AS
(
    SELECT
        call, tenant_id, started_at, seconds, rate, pool, bucket, told,
        [0, tenant.1, tenant.2][pool + 1] AS pool_size,
        [
            0,
            intDiv(seconds + {pool_increment:UInt32} - 1, {pool_increment:UInt32}) * {pool_increment:UInt32},
            intDiv(seconds + {select_increment:UInt32} - 1, {select_increment:UInt32}) * {select_increment:UInt32}
        ][pool + 1]::Int64 AS draw
    FROM calls
),

-- The pools, drawn on in order of start and then of usage id.
drawn AS
(
    SELECT
        call, tenant_id, started_at, seconds, rate, pool, bucket, told, draw,
        pool_size - sum(draw) OVER
        (
            PARTITION BY tenant_id, pool
            ORDER BY started_at, lower(call.3), call.3
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS left_after
    FROM draws
),

left_over AS
(
    SELECT
        call, tenant_id, started_at, seconds, rate, pool, bucket, told,
        if(pool = 0, 0, greatest(left_after, 0)) AS left_after,
        if(pool = 0, 0, greatest(left_after + draw, 0)) AS left_before
    FROM drawn
),

-- A call that crosses the end of its pool is two parts.
parts AS
(
    SELECT
        call, tenant_id, started_at, seconds, rate, pool, bucket, told, left_after, left_before,
        least(seconds, left_before)::UInt32 AS from_pool,
        arrayJoin(if(left_before > 0 AND left_before < seconds, [0, 1], [0]))::UInt8 AS part
    FROM left_over
),

paid AS
(
    SELECT
        call, tenant_id, started_at, seconds, rate, pool, told, left_after, left_before, from_pool, part,
        if(part = 0 AND pool != 0 AND (from_pool > 0 OR seconds = 0), 'pool', bucket) AS bucket,
        multiIf(part = 1, seconds - from_pool, from_pool > 0, from_pool, seconds)::UInt32 AS part_seconds
    FROM parts
),

charged AS
(
    SELECT
        call, tenant_id, started_at, seconds, rate, pool, told, left_after, left_before, from_pool, part, bucket, part_seconds,
        if(bucket != 'credits', 0,
            intDiv(part_seconds + 6 * {billing_tenths:UInt32} - 1, 6 * {billing_tenths:UInt32}) * {billing_tenths:UInt32}) AS tenths,
        if(bucket = 'credits' AND (part = 0 OR {connection_charge_on_crossing:Bool}), rate.5, 0) AS connection
    FROM paid
)

SELECT
    call.1, tenant_id, call.2, call.3, call.4, call.5, started_at, part,
    bucket, part_seconds, tenths, connection,
    multiIf(bucket != 'credits', 0, rate.3 = '', NULL, toDecimal128(rate.4, 7) * tenths / 10 + connection),
    if(bucket = 'credits', rate.1, ''),
    if(bucket = 'credits', rate.2, toUUID('00000000-0000-0000-0000-000000000000')),
    if(bucket = 'credits', rate.3, ''),
    if(bucket = 'unfunded', told.3, ''),
    multiIf(
        pool = 0, told.2,
        from_pool = seconds, if(told.1 = 'none', 'pool_no_licence', 'pool'),
        from_pool > 0, 'pool_crossing',
        'pool_exhausted'),
    told.1,
    ['', 'standard', 'select'][pool + 1],
    if(part = 0, left_before, 0),
    left_after
FROM charged
SETTINGS
    max_bytes_before_external_sort = 268435456
