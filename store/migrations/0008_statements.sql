-- Statements by destination, and statements that are closed.

-- What the number dialled says: ISO 3166-1 alpha-2, and the class of number.
ALTER TABLE rating_rows ADD COLUMN IF NOT EXISTS destination_country LowCardinality(String);

ALTER TABLE rating_rows ADD COLUMN IF NOT EXISTS destination_class LowCardinality(String);

-- The statement of a closed tenant-month, frozen. Rows count once the journal has an event
-- of stream close whose id is the close_id. Rows whose adjusted month is another one put
-- right what was closed before; their numbers can be negative.
CREATE TABLE IF NOT EXISTS closed_rows
(
    close_id            UUID,
    run_id              UUID,                   -- the rating run the row is from
    tenant_id           LowCardinality(String),
    month               Date,                   -- the closed month, its first day
    of_month            Date,                   -- the month of the calls: the same, or an earlier one that is adjusted
    row_number          UInt64,                 -- order in the canonical CSV, from 1
    organizer_id        String,
    destination_country LowCardinality(String),
    destination_class   LowCardinality(String),
    bucket              LowCardinality(String),
    reason              LowCardinality(String),
    conferencing        LowCardinality(String),
    unfunded_because    LowCardinality(String),
    currency            LowCardinality(String),
    calls               Int64,
    calls_begun         Int64,                  -- without those that another bucket paid for first
    seconds             Int64,
    billed_tenths       Int64,
    amount              Decimal(38, 7),
    unpriced_calls      Int64,
    unpriced_seconds    Int64,
    stored_at           DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, month, close_id, row_number);
