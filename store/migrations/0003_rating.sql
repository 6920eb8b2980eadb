-- Rate sheets: what a minute to a destination costs from Communications Credits.
CREATE TABLE IF NOT EXISTS rate_rows
(
    sheet_id          UUID,
    currency          LowCardinality(String),
    origin            LowCardinality(String), -- '' for any
    destination       String,
    prefix            String,                 -- digits after '+'
    number_type       LowCardinality(String), -- All Number Types, Wireline, Wireless, Premium
    connection_charge Decimal(18, 6),
    per_minute        Decimal(18, 6),         -- billed in tenths of a minute
    row_number        UInt32
)
ENGINE = MergeTree
ORDER BY (currency, prefix, sheet_id);

-- The same, made ready to be looked up: where, in the order of numbers, another rate
-- begins. The longest prefix of a number is that of the last range that starts at or
-- before it. A list is a sheet as it holds for tenants of one country, or for others.
--
-- A number is its digits as one of 16 hexadecimal digits: a digit d is d + 1, and 0 stands
-- for none. So a prefix, and a number whose last digits are hidden, come before all
-- numbers that begin with them.
CREATE TABLE IF NOT EXISTS rate_ranges
(
    list_id           UUID,
    premium           Bool,                   -- for premium numbers, or for all others
    starts            UInt64,
    sheet_id          UUID,
    prefix            String,                 -- '' where no rate is known
    connection_charge Decimal(18, 6),
    per_minute        Decimal(18, 6)
)
ENGINE = MergeTree
ORDER BY (list_id, premium, starts);

-- A sheet counts once its row here exists. It is in force from valid_from until
-- the next sheet of the same currency.
CREATE TABLE IF NOT EXISTS rate_sheets
(
    sheet_id     UUID,
    currency     LowCardinality(String),
    valid_from   DateTime64(3, 'UTC'),
    file         String,
    content_hash FixedString(32),
    rows         UInt32,
    origins      Array(String),          -- countries that have rates of their own
    stored_at    DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (currency, valid_from, stored_at);

-- What a rating run was begun with. Written before the run's rows, so that the rows of a
-- run that was killed can be found; it says nothing about whether there are any.
CREATE TABLE IF NOT EXISTS rating_attempts
(
    run_id              UUID,
    batch_id            UUID,                   -- runs rated by one statement
    tenant_id           LowCardinality(String),
    month               Date,                   -- its first day
    sequence            UInt32,                 -- counts the runs of a tenant-month
    usage_fingerprint   UInt64,                 -- of every revision that can bear on the month
    inputs_hash         UInt64,                 -- of plan, licences, tenant, pools and rate sheets
    licences_version    UInt64,                 -- the tenant's newest licence generation
    licences_hash       UInt64,                 -- of the part of it that touches the month
    plan_version        LowCardinality(String),
    tenant_country      LowCardinality(String),
    credits_funded      Bool,
    credits_currency    LowCardinality(String),
    pool_licences       Int64,
    pool_seconds        Int64,
    select_licences     Int64,                  -- the free subscription to US and Canada
    select_pool_seconds Int64,
    skus_at             DateTime64(3, 'UTC'),   -- the snapshot that gave the licence counts; 1970 for none
    rate_lists          Array(UUID),            -- in force in the month, and since when
    rate_lists_from     Array(DateTime64(3, 'UTC')),
    started_at          DateTime64(6, 'UTC'),
    actor               LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (tenant_id, month, run_id);

-- What paid for the seconds of a call: one row a bucket that paid, so a call that
-- crosses the end of the pool has two. Rows count when their run is the newest
-- finished one of the tenant-month.
CREATE TABLE IF NOT EXISTS rating_rows
(
    run_id            UUID,
    tenant_id         LowCardinality(String),
    month             Date,
    usage_id          String,
    revision          UInt16,
    organizer_id      String,
    started_at        DateTime64(7, 'UTC'),
    part              UInt8,                   -- order within the call: 0, then 1 after the crossing
    bucket            LowCardinality(String),  -- addon, pool, credits, unfunded
    reason            LowCardinality(String),  -- the rule that decided it
    conferencing      LowCardinality(String),  -- held at call start: subscription, pay_per_minute, select, none
    pool              LowCardinality(String),  -- which pool the call could draw on: standard, select; '' for none
    seconds           UInt32,
    pool_before       Int64,                   -- seconds left before and after the part, where it drew
    pool_after        Int64,
    billed_tenths     UInt32,                  -- tenths of a minute charged, for credits
    connection_charge Decimal(18, 6),          -- the part of the amount that is charged once a call
    amount            Nullable(Decimal(38, 7)), -- what credits pay; 0 in other buckets; NULL where no rate is known
    currency          LowCardinality(String),  -- of the amount, for credits
    rate_sheet        UUID,                    -- and the rate it is from
    rate_prefix       LowCardinality(String),
    unfunded_because  LowCardinality(String)   -- why credits did not pay: credits_not_funded, no_credits_licence
)
ENGINE = MergeTree
ORDER BY (tenant_id, month, run_id, started_at, usage_id, part);

-- A finished rating run of one tenant-month. Written last, in one row: a reader
-- sees all of a run or none of it. A run can have a further row that says it was found
-- to stand: its licences changed in other months only.
CREATE TABLE IF NOT EXISTS rating_runs
(
    run_id              UUID,
    tenant_id           LowCardinality(String),
    month               Date,
    sequence            UInt32,
    usage_fingerprint   UInt64,
    inputs_hash         UInt64,
    licences_version    UInt64,
    licences_hash       UInt64,
    plan_version        LowCardinality(String),
    credits_currency    LowCardinality(String),
    pool_licences       Int64,
    pool_seconds        Int64,
    select_licences     Int64,
    select_pool_seconds Int64,
    skus_at             DateTime64(3, 'UTC'),
    records             UInt64,
    seconds             UInt64,
    started_at          DateTime64(6, 'UTC'),
    finished_at         DateTime64(6, 'UTC'),
    actor               LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (tenant_id, month, sequence);

-- The run that counts, for each tenant-month.
CREATE VIEW IF NOT EXISTS rating_current AS
SELECT *
FROM rating_runs
ORDER BY tenant_id, month, sequence DESC, finished_at DESC, run_id DESC
LIMIT 1 BY tenant_id, month;

CREATE VIEW IF NOT EXISTS ratings AS
SELECT *
FROM rating_rows
WHERE (tenant_id, month, run_id) IN
(
    SELECT tenant_id, month, argMax(run_id, (sequence, finished_at, run_id))
    FROM rating_runs
    GROUP BY tenant_id, month
);
