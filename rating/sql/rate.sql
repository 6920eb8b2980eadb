-- Rates the tenant-months of one batch, all under the same terms, in one pass: what pays
-- for the seconds of each call. Rows count once their runs are published.
INSERT INTO rating_rows
(
    run_id, tenant_id, month, usage_id, revision, organizer_id, started_at, part,
    bucket, seconds, billed_tenths, connection_charge, amount, currency, rate_sheet, rate_prefix, unfunded_because,
    reason, conferencing, pool, pool_before, pool_after, destination_country, destination_class
)
WITH
-- The bits of what an organizer holds.
    1 AS subscription, 2 AS pay_per_minute, 4 AS free_subscription, 8 AS addon, 16 AS credits_plan,

runs AS
(
    SELECT
        run_id, tenant_id, month, pool_seconds, select_pool_seconds, credits_funded, credits_currency,
        rate_lists, rate_lists_from
    FROM rating_attempts
    WHERE batch_id = {batch:UUID} AND month IN ({months:Array(Date)})
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
              AND gives != 0
              AND held_from < {to:DateTime64(7, 'UTC')} AND held_to > {from:DateTime64(7, 'UTC')}
        )
        GROUP BY tenant_id, organizer_id
    )
    ARRAY JOIN moments AS moment
),

-- Each record at its latest revision. A revision is replaced by a later one, and that one
-- says at which start it replaced it: so only corrections in these months are read, however
-- many there are in others.
records AS
(
    SELECT
        {months:Array(Date)}[arrayCount(s -> s <= started_at, {starts:Array(DateTime64(7, 'UTC'))})] AS month,
        tenant_id, usage_id, revision, organizer_id, started_at, seconds, callee_number, destination_class AS class,
        if(destination_class = 'toll_free' AND (destination_country = 'US' OR npa_nxx != ''),
            if({toll_free_counts_as_us:Bool}, 'US', ''),
            destination_country)::String AS country,
        destination_country
    FROM usage_revisions
    WHERE tenant_id IN (SELECT tenant_id FROM runs)
      AND started_at >= {from:DateTime64(7, 'UTC')} AND started_at < {to:DateTime64(7, 'UTC')}
      AND is_conf_out
      AND (tenant_id, usage_id, revision) NOT IN
      (
          SELECT tenant_id, usage_id, arrayJoin(range(0, revision))::UInt16
          FROM usage_revisions
          WHERE tenant_id IN (SELECT tenant_id FROM runs)
            AND revision > 0
            AND replaces_started_at >= {from:DateTime64(7, 'UTC')} AND replaces_started_at < {to:DateTime64(7, 'UTC')}
      )
),

-- What the number dialled says.
destined AS
(
    SELECT
        month, tenant_id, usage_id, revision, organizer_id, started_at, seconds, class, destination_country,
        has({addon_countries:Array(String)}, country) AND NOT has({addon_never:Array(String)}, class) AS for_addon,
        has({pool_countries:Array(String)}, country) AND NOT has({pool_never:Array(String)}, class) AS for_pool,
        has({select_countries:Array(String)}, country) AND NOT has({select_never:Array(String)}, class) AS for_select_pool,
        -- What it would take from each pool: 1 the tenant's, 2 that of the free subscription.
        [
            0,
            intDiv(seconds + {pool_increment:UInt32} - 1, {pool_increment:UInt32}) * {pool_increment:UInt32},
            intDiv(seconds + {select_increment:UInt32} - 1, {select_increment:UInt32}) * {select_increment:UInt32}
        ] AS draws,
        -- Its place in rate_ranges, by the digits that are shown.
        reinterpretAsUInt64(reverse(unhex(rightPad(
            translate(substring(extract(callee_number, '^\\+?([0-9]*)'), 1, 15), '0123456789', '123456789A'), 16, '0')))) AS place
    FROM records
),

-- Who called, and all that follows before pools are counted. In lists of eight, a place is
-- what is held of subscription (1), pay-per-minute (2) and the free subscription (4).
calls AS
(
    SELECT
        (r.run_id, c.usage_id, c.revision, c.organizer_id) AS call,
        c.tenant_id AS tenant_id, c.month AS month, c.started_at AS started_at, c.seconds AS seconds,
        bitAnd(h.held, addon) != 0 AND bitAnd(h.held, {addon_requires:UInt8}) != 0 AND c.for_addon AS on_addon,
        -- Which pool it may draw on; who holds no conferencing licence draws on the tenant's.
        if(on_addon, 0,
            [0, c.for_pool, 2 * c.for_select_pool][[1, 1, 0, 1, 2, 1, 2, 1][bitAnd(h.held, 7) + 1] + 1])::UInt8 AS pool,
        [0, r.pool_seconds, r.select_pool_seconds] AS pool_sizes,
        c.draws AS draws,
        -- What pays for what no pool does.
        multiIf(
            on_addon, 'addon',
            r.credits_funded AND bitAnd(h.held, pay_per_minute + credits_plan) != 0, 'credits',
            'unfunded') AS otherwise,
        (r.credits_currency::String, w.sheet_id, w.prefix, w.per_minute, w.connection_charge) AS rate,
        (
            ['none', 'subscription', 'pay_per_minute', 'subscription', 'select', 'subscription', 'select', 'subscription'][bitAnd(h.held, 7) + 1],
            multiIf(
                on_addon, 'addon',
                c.class IN ('premium', 'satellite'), c.class::String,
                NOT c.for_pool, 'other',
                bitAnd(h.held, free_subscription) != 0, 'select',
                'pay_per_minute'),
            if(bitAnd(h.held, pay_per_minute + credits_plan) != 0, 'credits_not_funded', 'no_credits_licence'),
            c.destination_country::String,
            c.class::String
        ) AS told
    FROM destined AS c
    INNER JOIN runs AS r ON r.tenant_id = c.tenant_id AND r.month = c.month
    ASOF LEFT JOIN holdings AS h
        ON h.tenant_id = c.tenant_id AND h.organizer_id = c.organizer_id AND h.held_from <= c.started_at
    ASOF LEFT JOIN
    (
        SELECT *
        FROM rate_ranges
        WHERE list_id IN (SELECT arrayJoin(rate_lists) FROM runs)
    ) AS w
        ON w.list_id = r.rate_lists[arrayCount(f -> f <= c.started_at, r.rate_lists_from)]
            AND w.premium = (c.class = 'premium')
            AND w.starts <= c.place
),

-- The pools, drawn on in order of start and then of usage id.
drawn AS
(
    SELECT
        call, tenant_id, month, started_at, seconds, pool, otherwise, rate, told,
        draws[pool + 1]::Int64 AS draw,
        pool_sizes[pool + 1] - sum(draws[pool + 1]::Int64) OVER
        (
            PARTITION BY tenant_id, month, pool
            ORDER BY started_at, lower(call.2), call.2
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS left_after
    FROM calls
),

-- A call that crosses the end of its pool is two parts.
parts AS
(
    SELECT
        call, tenant_id, month, started_at, seconds, pool, otherwise, rate, told,
        greatest(left_after + draw, 0) AS pool_before,
        greatest(left_after, 0) AS pool_after,
        arrayJoin(if(left_after + draw > 0 AND left_after + draw < seconds, [0, 1], [0]))::UInt8 AS part
    FROM drawn
),

paid AS
(
    SELECT
        call, tenant_id, month, started_at, seconds, pool, rate, told, pool_before, pool_after, part,
        if(pool != 0 AND part = 0 AND (pool_before > 0 OR seconds = 0), 'pool', otherwise) AS bucket,
        multiIf(
            part = 1, seconds - pool_before,
            pool_before > 0, least(seconds, pool_before),
            seconds)::UInt32 AS part_seconds
    FROM parts
),

charged AS
(
    SELECT
        call, tenant_id, month, started_at, seconds, pool, rate, told, pool_before, pool_after, part, bucket, part_seconds,
        if(bucket != 'credits', 0,
            intDiv(part_seconds + 6 * {billing_tenths:UInt32} - 1, 6 * {billing_tenths:UInt32}) * {billing_tenths:UInt32}) AS tenths,
        if(bucket = 'credits' AND (part = 0 OR {connection_charge_on_crossing:Bool}), rate.5, 0) AS connection
    FROM paid
)

SELECT
    call.1, tenant_id, month, call.2, call.3, call.4, started_at, part,
    bucket, part_seconds, tenths, connection,
    multiIf(bucket != 'credits', 0, rate.3 = '', NULL, toDecimal128(rate.4, 7) * tenths / 10 + connection),
    if(bucket = 'credits', rate.1, ''),
    if(bucket = 'credits', rate.2, toUUID('00000000-0000-0000-0000-000000000000')),
    if(bucket = 'credits', rate.3, ''),
    if(bucket = 'unfunded', told.3, ''),
    multiIf(
        pool = 0, told.2,
        pool_before >= seconds, if(told.1 = 'none', 'pool_no_licence', 'pool'),
        pool_before > 0, 'pool_crossing',
        'pool_exhausted'),
    told.1,
    ['', 'standard', 'select'][pool + 1],
    if(part = 0, pool_before, 0),
    pool_after,
    told.4,
    told.5
FROM charged
SETTINGS
    max_bytes_before_external_sort = 268435456
