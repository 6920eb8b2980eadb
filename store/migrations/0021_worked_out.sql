-- What pages show of a tenant-month of many calls and takes seconds to work out. It is kept under a
-- hash of everything it is made from: a run, the usage of the month, terms, rate sheets and the
-- statement itself. So it is right or it is not found. Each working out is written in one block.

-- How calls compare with what the source says: the sums of reconciliations, and of each line the first records.
CREATE TABLE IF NOT EXISTS compared_lines
(
    tenant_id         LowCardinality(String),
    month             Date,
    made_of           FixedString(32),
    work_id           UUID,
    status            LowCardinality(String),
    cause             LowCardinality(String),
    signed_cause      LowCardinality(String),
    bucket            LowCardinality(String),
    source_bucket     LowCardinality(String),
    currency          LowCardinality(String),
    source_currency   LowCardinality(String),
    calls             UInt64,
    seconds           UInt64,
    unpriced_calls    UInt64,
    rated_usage       Decimal(38, 7),
    rated_connection  Decimal(38, 6),
    source_usage      Decimal(38, 6),
    source_connection Decimal(38, 6),
    first             Array(Tuple(
        started_at DateTime64(7, 'UTC'), usage_id String, organizer_id String, seconds UInt32, destination_country String, destination_class String,
        bucket_after String, reason String, rated_amount Nullable(Decimal(38, 7)), usage_amount Decimal(38, 7), connection Decimal(38, 6),
        capability String, source_amount Decimal(38, 6), source_usage Decimal(38, 6), source_connection Decimal(38, 6))),
    stored_at         DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, month, made_of, work_id);

-- What the add-on absorbed, by organizer.
CREATE TABLE IF NOT EXISTS leak_organizers
(
    tenant_id                   LowCardinality(String),
    month                       Date,
    made_of                     FixedString(32),
    work_id                     UUID,
    organizer_id                String,
    calls                       UInt64,
    seconds                     UInt64,
    amount                      Nullable(Decimal(38, 7)),
    unpriced_calls              UInt64,
    unpriced_seconds            UInt64,
    ineligible_calls            UInt64,
    ineligible_seconds          UInt64,
    ineligible_amount           Nullable(Decimal(38, 7)),
    ineligible_unpriced_calls   UInt64,
    ineligible_unpriced_seconds UInt64,
    stored_at                   DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, month, made_of, work_id);
