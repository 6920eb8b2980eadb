-- Rates the tenant-months of one batch, all of the same month, in one pass: what pays for
-- the seconds of each call. Rows count once their runs are published.
INSERT INTO rating_rows
(
    run_id, tenant_id, month, usage_id, revision, organizer_id, started_at, part, bucket, reason, conferencing, pool,
    seconds, pool_before, pool_after, billed_tenths, connection_charge, amount, currency, rate_sheet, rate_prefix, unfunded_because
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

-- Each record at its latest revision. A revision is replaced by a later one, and that one
-- says at which start it replaced it: so only this month's corrections are read, however
-- many there are in others.
records AS
(
    SELECT
        tenant_id, usage_id, revision, organizer_id, started_at, seconds, callee_number, destination_class,
        if(destination_class = 'toll_free' AND (destination_country = 'US' OR npa_nxx != ''),
            if({toll_free_counts_as_us:Bool}, 'US', ''),
            destination_country)::String AS country
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
),

-- Which rules of the waterfall a call meets, pools not yet counted.
calls AS
(
    SELECT
        r.run_id AS run_id, c.tenant_id AS tenant_id, r.month AS month, c.usage_id AS usage_id, c.revision AS revision,
        c.organizer_id AS organizer_id, c.started_at AS started_at, c.seconds AS seconds,
        bitAnd(h.held, subscription + pay_per_minute + free_subscription) AS conferencing,
        bitAnd(h.held, addon) != 0
            AND bitAnd(h.held, {addon_requires:UInt8}) != 0
            AND has({addon_countries:Array(String)}, c.country)
            AND NOT has({addon_never:Array(String)}, c.destination_class) AS on_addon,
        has({pool_countries:Array(String)}, c.country) AND NOT has({pool_never:Array(String)}, c.destination_class) AS in_pool,
        has({select_countries:Array(String)}, c.country) AND NOT has({select_never:Array(String)}, c.destination_class) AS in_select_pool,
        multiIf(
            on_addon, '',
            bitAnd(conferencing, subscription) != 0, if(in_pool, 'standard', ''),
            bitAnd(conferencing, free_subscription) != 0, if(in_select_pool, 'select', ''),
            bitAnd(conferencing, pay_per_minute) != 0, '',
            if(in_pool, 'standard', '')) AS pool,
        multiIf(
            c.destination_class = 'premium', 'premium',
            c.destination_class = 'satellite', 'satellite',
            in_pool, if(bitAnd(conferencing, free_subscription) != 0, 'select', 'pay_per_minute'),
            'other') AS outside,
        multiIf(
            pool = 'standard', r.pool_seconds,
            pool = 'select', r.select_pool_seconds,
            0) AS pool_size,
        multiIf(
            pool = 'standard', intDiv(c.seconds + {pool_increment:UInt32} - 1, {pool_increment:UInt32}) * {pool_increment:UInt32},
            pool = 'select', intDiv(c.seconds + {select_increment:UInt32} - 1, {select_increment:UInt32}) * {select_increment:UInt32},
            0)::Int64 AS draws,
        bitAnd(conferencing, pay_per_minute) != 0 OR bitAnd(h.held, credits_plan) != 0 AS may_use_credits,
        r.credits_funded AND may_use_credits AS on_credits,
        if(on_credits, r.credits_currency, '') AS currency,
        if(on_credits, r.sheet_ids[arrayCount(f -> f <= c.started_at, r.sheets_from)], toUUID('00000000-0000-0000-0000-000000000000')) AS rate_sheet,
        r.tenant_country AS origin,
        c.destination_class = 'premium' AS premium,
        -- The digits that are shown, as a number of 16 hexadecimal digits: a digit d is d + 1,
        -- and 0 is none. So a prefix is a range of numbers that begins with itself.
        if(on_credits,
            reinterpretAsUInt64(reverse(unhex(rightPad(
                translate(substring(extract(c.callee_number, '^\\+?([0-9]*)'), 1, 15), '0123456789', '123456789A'), 16, '0')))),
            0) AS dialled
    FROM records AS c
    INNER JOIN runs AS r ON r.tenant_id = c.tenant_id
    ASOF LEFT JOIN holdings AS h
        ON h.tenant_id = c.tenant_id AND h.organizer_id = c.organizer_id AND h.held_from <= c.started_at
),

-- The pools, drawn on in order of start and then of usage id.
drawn AS
(
    SELECT
        *,
        pool_size - sum(draws) OVER
        (
            PARTITION BY tenant_id, pool
            ORDER BY started_at, lower(usage_id)
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS left_after,
        greatest(left_after + draws, 0) AS before,
        if(pool = '', 0, least(seconds, before)) AS from_pool,
        pool != '' AND from_pool = seconds AS all_from_pool,
        pool != '' AND from_pool > 0 AND from_pool < seconds AS crossing
    FROM calls
),

parts AS
(
    SELECT
        *,
        arrayJoin(if(crossing, [0, 1], [0])) AS part,
        multiIf(
            on_addon, 'addon',
            all_from_pool OR (crossing AND part = 0), 'pool',
            on_credits, 'credits',
            'unfunded') AS bucket,
        multiIf(
            on_addon, 'addon',
            crossing, 'pool_crossing',
            all_from_pool, if(conferencing = 0, 'pool_no_licence', 'pool'),
            pool != '', 'pool_exhausted',
            outside) AS reason,
        multiIf(crossing AND part = 0, from_pool, crossing, seconds - from_pool, seconds)::UInt32 AS part_seconds,
        bucket = 'credits' AS charged
    FROM drawn
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
)

SELECT
    c.run_id, c.tenant_id, c.month, c.usage_id, c.revision, c.organizer_id, c.started_at, c.part, c.bucket, c.reason,
    multiIf(
        bitAnd(c.conferencing, subscription) != 0, 'subscription',
        bitAnd(c.conferencing, free_subscription) != 0, 'select',
        bitAnd(c.conferencing, pay_per_minute) != 0, 'pay_per_minute',
        'none'),
    c.pool,
    c.part_seconds,
    if(c.pool = '', 0, if(c.part = 0, c.before, 0)),
    if(c.pool = '', 0, greatest(c.left_after, 0)),
    if(c.charged, intDiv(c.part_seconds + 6 * {billing_tenths:UInt32} - 1, 6 * {billing_tenths:UInt32}) * {billing_tenths:UInt32}, 0) AS tenths,
    if(c.charged AND (c.part = 0 OR {connection_charge_on_crossing:Bool}), w.rate.2, 0) AS connection,
    multiIf(
        NOT c.charged, 0,
        w.prefix = '', NULL,
        toDecimal128(w.rate.1, 7) * tenths / 10 + connection),
    if(c.charged, c.currency, ''),
    if(c.charged, c.rate_sheet, toUUID('00000000-0000-0000-0000-000000000000')),
    if(c.charged, w.prefix, ''),
    multiIf(c.bucket != 'unfunded', '', c.may_use_credits, 'credits_not_funded', 'no_credits_licence')
FROM parts AS c
ASOF LEFT JOIN ranges AS w
    ON w.sheet_id = c.rate_sheet AND w.origin = c.origin AND w.premium = c.premium AND w.starts <= c.dialled
SETTINGS
    max_bytes_before_external_sort = 268435456
