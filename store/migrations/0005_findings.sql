-- What rules found. Rows are only added: a finding that grows or worsens gets a further
-- row with the same finding_id at a later `at`.
CREATE TABLE IF NOT EXISTS finding_rows
(
    finding_id        UUID,                   -- derived from rule, organizer, month and how often the case had been closed
    tenant_id         LowCardinality(String),
    organizer_id      String,
    rule_id           LowCardinality(String),
    rule_version      UInt32,
    rule_title        LowCardinality(String),
    rule_status       LowCardinality(String), -- live, shadow, experimental
    family            LowCardinality(String), -- rules of one family do not count twice
    weight            Float64,                -- 0 to 1: how strongly it speaks for abuse
    verdict           LowCardinality(String), -- fair_use, fraud
    severity          LowCardinality(String), -- warning, critical
    at                DateTime64(3, 'UTC'),   -- the step that saw it
    window_start      DateTime64(3, 'UTC'),
    window_end        DateTime64(3, 'UTC'),
    value             Float64,
    threshold         Float64,
    baseline          Nullable(Float64),
    unit              LowCardinality(String),
    exposure_seconds  Int64,
    exposure_amount   Decimal(18, 6),
    exposure_currency LowCardinality(String),
    usage_ids         Array(String),          -- the calls that prove it, the largest first, 50 at most
    calls             Int64,                  -- how many there are in all
    sentence          String,
    facts             String,                 -- JSON: further columns the rule returned
    outcome           LowCardinality(String), -- hit, snoozed
    pass_id           UUID,
    detected_at       DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, organizer_id, rule_id, finding_id, at);

-- Findings as their newest rows have them.
CREATE VIEW IF NOT EXISTS findings AS
SELECT *
FROM finding_rows
ORDER BY tenant_id, organizer_id, rule_id, finding_id, at DESC, detected_at
LIMIT 1 BY tenant_id, organizer_id, rule_id, finding_id;
