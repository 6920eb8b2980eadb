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
    stored_at    DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (currency, valid_from, stored_at);

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
    pool              LowCardinality(String),  -- which pool the call could draw on; '' for none
    seconds           UInt32,
    pool_before       Int64,                   -- seconds left before and after the call, where it drew
    pool_after        Int64,
    billed_tenths     UInt32,                  -- tenths of a minute charged, for credits
    amount            Nullable(Decimal(18, 6)), -- NULL where no rate is known
    currency          LowCardinality(String),
    rate_prefix       LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (tenant_id, month, run_id, started_at, usage_id, part);

-- A finished rating run of one tenant-month. Written last, in one row: a reader
-- sees all of a run or none of it.
CREATE TABLE IF NOT EXISTS rating_runs
(
    run_id            UUID,
    tenant_id         LowCardinality(String),
    month             Date,
    sequence          UInt32,          -- counts the runs of a tenant-month
    usage_fingerprint UInt64,          -- of the records rated
    inputs_hash       UInt64,          -- of plan, licences, tenant and rates in force
    plan_version      LowCardinality(String),
    pool_seconds      UInt64,
    records           UInt64,
    seconds           UInt64,
    started_at        DateTime64(6, 'UTC'),
    finished_at       DateTime64(6, 'UTC'),
    actor             LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (tenant_id, month, sequence);

CREATE VIEW IF NOT EXISTS ratings AS
SELECT *
FROM rating_rows
WHERE (tenant_id, month, run_id) IN
(
    SELECT tenant_id, month, argMax(run_id, (sequence, finished_at))
    FROM rating_runs
    GROUP BY tenant_id, month
);
