-- Each record of a tenant-month, what it was rated as, and what the source says of it.
WITH
rated AS
(
    SELECT
        a.usage_id AS usage_id, a.revision AS revision,
        a.bucket AS bucket, a.reason AS reason, b.bucket AS bucket_after,
        if(a.bucket = 'credits', a.amount, 0) + if(b.bucket = 'credits', b.amount, 0) AS amount,
        if(a.bucket = 'credits', a.currency, b.currency)::String AS currency
    FROM
    (
        SELECT usage_id, revision, bucket, reason, amount, currency
        FROM rating_rows
        WHERE tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID} AND part = 0
    ) AS a
    LEFT JOIN
    (
        SELECT usage_id, bucket::String AS bucket, amount, currency::String AS currency
        FROM rating_rows
        WHERE tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID} AND part = 1
    ) AS b ON b.usage_id = a.usage_id
),
said AS
(
    SELECT
        usage_id, revision, organizer_id, started_at, seconds, capability, currency,
        ifNull(charge, 0) + ifNull(connection_charge, 0) AS amount,
        multiIf(
            capability = '', 'missing',
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
      AND (usage_id, revision) NOT IN
      (
          SELECT usage_id, arrayJoin(range(0, revision))::UInt16
          FROM usage_revisions
          WHERE tenant_id = {tenant:String}
            AND revision > 0
            AND replaces_started_at >= {month_from:DateTime64(7, 'UTC')} AND replaces_started_at < {month_to:DateTime64(7, 'UTC')}
      )
),
compared AS
(
    SELECT
        s.usage_id AS usage_id, s.organizer_id AS organizer_id, s.started_at AS started_at, s.seconds AS seconds,
        r.bucket::String AS bucket, r.bucket_after AS bucket_after, r.reason::String AS reason, r.amount AS amount, r.currency AS currency,
        s.capability AS capability, s.bucket AS source_bucket, s.amount AS source_amount, s.currency AS source_currency,
        multiIf(
            r.bucket = '', 'not_rated',
            s.bucket = 'missing', 'missing',
            s.bucket = 'free_call', 'free_call',
            s.bucket = 'unknown', 'unknown_capability',
            s.bucket != r.bucket AND s.bucket != r.bucket_after, 'other_bucket',
            r.amount IS NULL, 'no_rate',
            r.currency != '' AND s.currency != r.currency AND s.amount != 0, 'other_amount',
            abs(r.amount - s.amount) > {tolerance:Decimal(18, 6)}, 'other_amount',
            'match') AS status
    FROM said AS s
    LEFT JOIN rated AS r ON r.usage_id = s.usage_id AND r.revision = s.revision
)
