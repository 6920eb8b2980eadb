-- What rules found. Rows are only added: a finding that goes on gets a new row
-- with the same finding_id at a later `at`.
CREATE TABLE IF NOT EXISTS finding_rows
(
    finding_id        UUID,                   -- derived from rule, organizer and episode start
    tenant_id         LowCardinality(String),
    organizer_id      String,
    rule_id           LowCardinality(String),
    rule_version      UInt32,
    rule_status       LowCardinality(String), -- live, shadow, experimental
    verdict           LowCardinality(String), -- fair_use, fraud
    severity          LowCardinality(String), -- warning, critical
    at                DateTime64(3, 'UTC'),   -- the step that saw it
    window_start      DateTime64(3, 'UTC'),
    window_end        DateTime64(3, 'UTC'),
    value             Float64,
    threshold         Float64,
    baseline          Nullable(Float64),
    unit              LowCardinality(String),
    exposure_seconds  UInt64,
    exposure_amount   Decimal(18, 6),
    exposure_currency LowCardinality(String),
    usage_ids         Array(String),          -- the calls that prove it, the largest first
    calls             UInt64,                 -- how many there are in all
    sentence          String,
    facts             String,                 -- JSON: further numbers the rule returned
    outcome           LowCardinality(String), -- hit, snoozed
    detected_at       DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, organizer_id, rule_id, finding_id, at);
