-- What the add-on absorbed of a tenant-month, by organizer, at the prices of rate sheets:
-- the calls it is rated to pay for, and those that the source says it paid for though their
-- organizers held no eligible licence at call start.
SELECT
    l.organizer_id AS organizer_id,
    count()                                  AS calls,
    sum(l.seconds)                           AS seconds,
    sum(l.price)::Nullable(Decimal(38, 7))   AS amount,
    countIf(l.price IS NULL)                 AS unpriced_calls,
    sumIf(l.seconds, l.price IS NULL)        AS unpriced_seconds,
    countIf(NOT l.entitled)                  AS ineligible_calls,
    sumIf(l.seconds, NOT l.entitled)         AS ineligible_seconds,
    sumIf(l.price, NOT l.entitled)::Nullable(Decimal(38, 7))       AS ineligible_amount,
    countIf(l.price IS NULL AND NOT l.entitled)                    AS ineligible_unpriced_calls,
    sumIf(l.seconds, l.price IS NULL AND NOT l.entitled)           AS ineligible_unpriced_seconds
FROM
(
    SELECT
        c.organizer_id AS organizer_id, c.seconds::UInt64 AS seconds, c.entitled AS entitled,
        intDiv(c.seconds + 6 * {billing_tenths:UInt32} - 1, 6 * {billing_tenths:UInt32}) * {billing_tenths:UInt32} AS tenths,
        if(w.prefix = '', NULL, toDecimal128(w.per_minute, 7) * tenths / 10 + w.connection_charge) AS price
    FROM
    (
        SELECT
            u.organizer_id AS organizer_id, u.seconds AS seconds, r.bucket = 'addon' AS entitled, u.destination_class = 'premium' AS premium,
            {rate_lists:Array(UUID)}[arrayCount(f -> f <= u.started_at, {rate_lists_from:Array(DateTime64(3, 'UTC'))})] AS list_id,
            -- As in rating: the place among the numbers of a list.
            reinterpretAsUInt64(reverse(unhex(rightPad(
                translate(substring(extract(u.callee_number, '^\\+?([0-9]*)'), 1, 15), '0123456789', '123456789A'), 16, '0')))) AS place
        FROM usage_revisions AS u
        INNER JOIN
        (
            SELECT usage_id, revision, bucket
            FROM rating_rows
            WHERE tenant_id = {tenant:String} AND month = {month:Date} AND run_id = {run:UUID} AND part = 0
        ) AS r ON r.usage_id = u.usage_id AND r.revision = u.revision
        WHERE u.tenant_id = {tenant:String}
          AND u.started_at >= {from:DateTime64(7, 'UTC')} AND u.started_at < {to:DateTime64(7, 'UTC')}
          AND (r.bucket = 'addon' OR has({capabilities:Array(String)}, upper(u.capability)))
    ) AS c
    ASOF LEFT JOIN
    (
        SELECT * FROM rate_ranges WHERE list_id IN ({rate_lists:Array(UUID)})
    ) AS w ON w.list_id = c.list_id AND w.premium = c.premium AND w.starts <= c.place
) AS l
GROUP BY organizer_id
