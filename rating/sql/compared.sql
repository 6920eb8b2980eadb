-- Each record of a tenant-month (of a closed one, at the revision that was rated), what it was rated as, what the source says of it, how the
-- two compare, and what most likely makes the difference.
WITH
rated AS
(
    SELECT
        d.usage_id AS usage_id, any(d.revision) AS revision,
        anyIf(d.bucket, d.part = 0)::String AS bucket, anyIf(d.bucket, d.part = 1)::String AS bucket_after, any(d.reason)::String AS reason,
        any(d.conferencing)::String AS conferencing, countIf(d.bucket = 'credits' AND d.amount IS NULL) AS unpriced,
        sumIf(d.seconds, d.bucket = 'credits') AS credits_seconds, sum(d.billed_tenths) AS tenths,
        sum(ifNull(d.amount, 0)) AS amount, sum(d.connection_charge) AS connection, anyIf(d.currency, d.bucket = 'credits')::String AS currency
    FROM rating_rows AS d
    WHERE d.tenant_id = {tenant:String} AND d.month = {month:Date} AND d.run_id = {run:UUID}
    GROUP BY usage_id
),
said AS
(
    SELECT
        usage_id, revision, organizer_id, started_at, seconds, destination_country, destination_class, capability, currency,
        ifNull(charge, 0) AS usage_charge, ifNull(connection_charge, 0) AS connection, usage_charge + connection AS amount,
        multiIf(
            capability = '', 'missing_there',
            has({addon:Array(String)}, upper(capability)), 'addon',
            has({pool:Array(String)}, upper(capability)), 'pool',
            has({credits:Array(String)}, upper(capability)), 'credits',
            has({free_call:Array(String)}, upper(capability)), 'free_call',
            has({other:Array(String)}, upper(capability)), 'other',
            'unknown') AS bucket
    FROM usage_revisions
    WHERE tenant_id = {tenant:String}
      AND started_at >= {month_from:DateTime64(7, 'UTC')} AND started_at < {month_to:DateTime64(7, 'UTC')}
      AND is_conf_out
      AND if({frozen:Bool},
          (usage_id, revision) IN
          (
              SELECT usage_id, revision FROM rating_rows
              WHERE {frozen:Bool} AND tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID}
          ),
          (usage_id, revision) NOT IN
          (
              SELECT usage_id, arrayJoin(range(0, revision))::UInt16
              FROM usage_revisions
              WHERE tenant_id = {tenant:String}
                AND revision > 0
                AND replaces_started_at >= {month_from:DateTime64(7, 'UTC')} AND replaces_started_at < {month_to:DateTime64(7, 'UTC')}
          ))
),
classed AS
(
    SELECT
        s.usage_id AS usage_id, s.organizer_id AS organizer_id, s.started_at AS started_at, s.seconds AS seconds,
        s.destination_country AS destination_country, s.destination_class AS destination_class,
        r.bucket AS bucket, r.bucket_after AS bucket_after, r.reason AS reason, r.conferencing AS conferencing, r.unpriced AS unpriced,
        r.credits_seconds AS credits_seconds, r.tenths AS tenths, r.amount AS amount, r.connection AS connection, r.amount - r.connection AS usage_amount,
        r.currency AS currency,
        s.capability AS capability, s.bucket AS source_bucket, s.usage_charge AS source_usage, s.connection AS source_connection,
        s.amount AS source_amount, s.currency AS source_currency,
        multiIf(
            r.bucket = '', 'not_rated',
            s.bucket = 'missing_there', 'missing_there',
            s.bucket = 'free_call', 'free_call',
            s.bucket = 'unknown', 'unknown_capability',
            s.bucket != r.bucket AND s.bucket != r.bucket_after, 'other_bucket',
            r.unpriced > 0, 'no_rate',
            r.currency != '' AND s.currency != r.currency AND s.amount != 0, 'other_currency',
            abs(r.amount - s.amount) > {tolerance:Decimal(18, 6)}, 'other_amount',
            'match') AS status
    FROM said AS s
    LEFT JOIN rated AS r ON r.usage_id = s.usage_id AND r.revision = s.revision
),
caused AS
(
    SELECT
        *,
        if(tenths > 0, usage_amount * 10 / tenths, 0)::Decimal(18, 6) AS per_minute,
        multiIf(
            status = 'match', '',
            status = 'not_rated', 'rate_again',
            status = 'missing_there', 'source_silent',
            status = 'free_call', 'source_did_not_price',
            status = 'unknown_capability', 'new_capability',
            status = 'no_rate', 'rate_missing',
            status = 'other_currency', 'currency',
            status = 'other_bucket', multiIf(
                source_bucket = 'other', 'other_service',
                'addon' IN (bucket, source_bucket), 'addon_licence',
                bucket = 'unfunded' AND source_bucket = 'pool' AND source_amount = 0, 'unpaid',
                source_bucket = 'pool' AND reason IN ('other', 'premium', 'satellite'), 'destination',
                reason IN ('pay_per_minute', 'select', 'pool_no_licence'), 'conferencing_licence',
                'pool' IN (bucket, source_bucket), 'pool_size',
                bucket = 'unfunded' AND source_bucket = 'credits', 'credits_unknown',
                'unexplained'),
            -- Other amounts, the part that differs first.
            source_amount = 0, 'not_charged',
            amount = 0, 'charged_though_covered',
            abs(usage_amount - source_usage) <= {tolerance:Decimal(18, 6)}, 'connection_charge',
            abs(connection - source_connection) <= {tolerance:Decimal(18, 6)}
                AND abs(source_usage - per_minute * intDiv(credits_seconds + 59, 60)) <= {tolerance:Decimal(18, 6)}, 'rounding',
            'rate') AS signed_cause
    FROM classed
),
-- A call of no seconds draws nothing and costs no minute, so which bucket it is put in says
-- nothing of pools. Reconciliations were signed before that was told apart, and a
-- fingerprint still goes by signed_cause.
compared AS
(
    SELECT
        *, if(seconds = 0 AND signed_cause IN ('pool_size', 'unpaid'), 'no_seconds', signed_cause) AS cause,
        -- How far the two are apart. Amounts of two currencies have no difference; the larger one says how much it is about.
        (if(currency = source_currency OR amount = 0 OR source_amount = 0,
            abs(source_amount - amount), greatest(abs(source_amount)::Decimal(38, 7), abs(amount)::Decimal(38, 7))))::Decimal(38, 7) AS apart
    FROM caused
)
