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

-- A call that crosses the end of its pool is two parts.
parts AS
(
    SELECT
        run, started_at, seconds, letters, held, class, on_addon, for_pool, pool, place, call,
        {credits_funded:Array(Bool)}[run] AND bitAnd(held, pay_per_minute + credits_plan) != 0 AS on_credits,
        -- The rate list in force, by number, or 0: those of the first run come first, in the order of their dates.
        if(on_credits,
            {rate_lists:Array(UInt16)}[
                length({rate_lists_from:Array(DateTime64(3, 'UTC'))}) * (run - 1)
                + arrayCount(f -> f <= started_at, {rate_lists_from:Array(DateTime64(3, 'UTC'))})],
            0) AS rate_list,
        multiIf(pool = 1, {pool_seconds:Array(Int64)}[run], pool = 2, {select_pool_seconds:Array(Int64)}[run], 0) AS pool_size,
        greatest(pool_size - drawn_after + draw, 0) AS pool_before,
        greatest(pool_size - drawn_after, 0) AS pool_after,
        arrayJoin(if(pool_before > 0 AND pool_before < seconds, [0, 1], [0]))::UInt8 AS part
    -- A view, since a statement takes the longer to prepare the deeper its steps are nested.
    FROM view
    (
        WITH
        -- The bits of what an organizer holds.
            1 AS subscription, 2 AS pay_per_minute, 4 AS free_subscription, 8 AS addon, 16 AS credits_plan,

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
                    WHERE tenant_id IN {tenants:Array(String)}
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
                -- Its run, by number: those of the first month come first, in the order of the tenants.
                {runs:Array(UInt16)}[
                    length({tenants:Array(String)}) * (arrayCount(s -> s <= started_at, {starts:Array(DateTime64(7, 'UTC'))}) - 1)
                    + transform(tenant_id, {tenants:Array(String)}, arrayEnumerate({tenants:Array(String)}), 0)] AS run,
                tenant_id, usage_id, revision, organizer_id, started_at, seconds, callee_number, destination_class AS class,
                -- Toll-free numbers of the US have no country of their own: what counts for them is '' or 'US'.
                destination_class = 'toll_free' AND (destination_country = 'US' OR npa_nxx != '') AS toll_free, destination_country AS country
            FROM usage_revisions
            WHERE tenant_id IN {tenants:Array(String)}
              AND started_at >= {from:DateTime64(7, 'UTC')} AND started_at < {to:DateTime64(7, 'UTC')}
              AND is_conf_out
              AND run != 0
              AND (tenant_id, usage_id, revision) NOT IN
              (
                  SELECT tenant_id, usage_id, arrayJoin(range(0, revision))::UInt16
                  FROM usage_revisions
                  WHERE tenant_id IN {tenants:Array(String)}
                    AND revision > 0
                    AND replaces_started_at >= {from:DateTime64(7, 'UTC')} AND replaces_started_at < {to:DateTime64(7, 'UTC')}
              )
        ),

        -- Who called, what the number dialled says, and what the pools need to know of each call, and
        -- no more: they are drawn on in an order, so these rows are sorted. The run is a number, and a
        -- usage id its small letters, beside which it stands as it was written only where it differs.
        -- Words are plain text, since the dictionaries of two blocks are slow to merge. What is only
        -- handed on is one tuple: a statement takes the longer to prepare the more columns go through
        -- its steps.
        calls AS
        (
            SELECT
                c.run AS run, c.started_at AS started_at, c.seconds AS seconds, lower(c.usage_id) AS letters, h.held AS held, c.class::String AS class,
                bitAnd(h.held, addon) != 0 AND bitAnd(h.held, {addon_requires:UInt8}) != 0
                    AND if(c.toll_free, has({addon_countries:Array(String)}, {toll_free_country:String}), has({addon_countries:Array(String)}, c.country))
                    AND NOT has({addon_never:Array(String)}, c.class) AS on_addon,
                if(c.toll_free, has({pool_countries:Array(String)}, {toll_free_country:String}), has({pool_countries:Array(String)}, c.country))
                    AND NOT has({pool_never:Array(String)}, c.class) AS for_pool,
                -- Which pool it may draw on: 1 the tenant's, 2 that of the free subscription. Who holds
                -- no conferencing licence draws on the tenant's.
                multiIf(
                    on_addon, 0,
                    bitAnd(h.held, subscription) != 0 OR bitAnd(h.held, 7) = 0, for_pool,
                    bitAnd(h.held, free_subscription) != 0,
                        2 * (if(c.toll_free, has({select_countries:Array(String)}, {toll_free_country:String}), has({select_countries:Array(String)}, c.country))
                            AND NOT has({select_never:Array(String)}, c.class)),
                    0)::UInt8 AS pool,
                -- Its place in rate_ranges, by the digits that are shown.
                reinterpretAsUInt64(reverse(unhex(rightPad(
                    translate(substring(extract(c.callee_number, '^\\+?([0-9]*)'), 1, 15), '0123456789', '123456789A'), 16, '0')))) AS place,
                (if(letters = c.usage_id, '', c.usage_id), c.revision, c.organizer_id, c.country::String) AS call
            FROM records AS c
            ASOF LEFT JOIN holdings AS h
                ON h.tenant_id = c.tenant_id AND h.organizer_id = c.organizer_id AND h.held_from <= c.started_at
        )

        -- The pools, drawn on in order of start and then of usage id.
        SELECT
            run, started_at, seconds, letters, held, class, on_addon, for_pool, pool, place, call,
            multiIf(
                pool = 1, intDiv(seconds + {pool_increment:UInt32} - 1, {pool_increment:UInt32}) * {pool_increment:UInt32},
                pool = 2, intDiv(seconds + {select_increment:UInt32} - 1, {select_increment:UInt32}) * {select_increment:UInt32},
                0)::Int64 AS draw,
            sum(draw) OVER
            (
                PARTITION BY run, pool
                ORDER BY started_at, letters, call.1 = '', call.1
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS drawn_after
        FROM calls
    )
),

-- What pays for each part, and by which rate.
paid AS
(
    SELECT
        run, started_at, seconds, letters, held, class, on_addon, for_pool, pool, call, pool_before, pool_after, part,
        multiIf(
            pool != 0 AND part = 0 AND (pool_before > 0 OR seconds = 0), 'pool',
            on_addon, 'addon',
            on_credits, 'credits',
            'unfunded') AS bucket,
        multiIf(
            part = 1, seconds - pool_before,
            pool_before > 0, least(seconds, pool_before),
            seconds)::UInt32 AS part_seconds,
        (w.sheet_id, w.prefix, w.per_minute, w.connection_charge) AS rate
    FROM parts AS p
    ASOF LEFT JOIN
    (
        SELECT indexOf({list_ids:Array(UUID)}, list_id)::UInt16 AS list, premium, starts, sheet_id, prefix, per_minute, connection_charge
        FROM rate_ranges
        WHERE list_id IN {list_ids:Array(UUID)}
    ) AS w
        ON w.list = p.rate_list AND w.premium = (p.class = 'premium') AND w.starts <= p.place
)

SELECT
    {run_ids:Array(UUID)}[run], {run_tenants:Array(String)}[run], {run_months:Array(Date)}[run], if(call.1 = '', letters, call.1), call.2, call.3, started_at, part, bucket, part_seconds,
    if(bucket = 'credits', intDiv(part_seconds + 6 * {billing_tenths:UInt32} - 1, 6 * {billing_tenths:UInt32}) * {billing_tenths:UInt32}, 0) AS tenths,
    if(bucket = 'credits' AND (part = 0 OR {connection_charge_on_crossing:Bool}), rate.4, 0) AS connection,
    multiIf(bucket != 'credits', 0, rate.2 = '', NULL, toDecimal128(rate.3, 7) * tenths / 10 + connection),
    if(bucket = 'credits', {currencies:Array(String)}[run], ''),
    if(bucket = 'credits', rate.1, toUUID('00000000-0000-0000-0000-000000000000')),
    if(bucket = 'credits', rate.2, ''),
    multiIf(
        bucket != 'unfunded', '',
        bitAnd(held, pay_per_minute + credits_plan) != 0, 'credits_not_funded',
        'no_credits_licence'),
    multiIf(
        pool != 0 AND pool_before >= seconds, if(bitAnd(held, 7) = 0, 'pool_no_licence', 'pool'),
        pool != 0 AND pool_before > 0, 'pool_crossing',
        pool != 0, 'pool_exhausted',
        on_addon, 'addon',
        class IN ('premium', 'satellite'), class::String,
        NOT for_pool, 'other',
        bitAnd(held, free_subscription) != 0, 'select',
        'pay_per_minute'),
    multiIf(
        bitAnd(held, subscription) != 0, 'subscription',
        bitAnd(held, free_subscription) != 0, 'select',
        bitAnd(held, pay_per_minute) != 0, 'pay_per_minute',
        'none'),
    multiIf(pool = 1, 'standard', pool = 2, 'select', ''),
    if(part = 0, pool_before, 0),
    pool_after,
    call.4,
    class
FROM paid
SETTINGS
    max_bytes_before_external_sort = 134217728,
    -- A part is written with its projections, which takes as much memory again as its rows.
    min_insert_block_size_rows = 262144,
    min_insert_block_size_bytes = 67108864
