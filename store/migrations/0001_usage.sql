-- Usage records, as sources gave them.
--
-- One row a revision, never changed after it is written. Which revision counts
-- is decided at query time (view `usage`), so no total ever waits for a merge.
-- The order is by time because every heavy read is one tenant's span of time;
-- identity is looked up through usage_key. There is no partition: anything worth
-- partitioning by can be changed by a correction.
CREATE TABLE IF NOT EXISTS usage_revisions
(
    tenant_id            LowCardinality(String),
    usage_id             String,
    usage_key            UInt64 DEFAULT cityHash64(usage_id),
    revision             UInt16,                -- 0 for the first content seen, then counting
    content_hash         UInt64,                -- over every field the source gave
    core_hash            UInt64,                -- over the fields that every format has
    format               LowCardinality(String), -- csv, graph_json, json_lines
    call_type            LowCardinality(String), -- as written by the source
    is_conf_out          Bool,                  -- the call type Fairdial rates
    organizer_id         String,
    organizer_upn        String,
    organizer_name       String,
    call_id              String,
    conference_id        String,
    call_direction       LowCardinality(String),
    caller_number        String,
    callee_number        String,
    usage_country        LowCardinality(String),
    tenant_country       LowCardinality(String),
    destination_context  LowCardinality(String),
    destination_name     LowCardinality(String),
    external_country     LowCardinality(String),
    started_at           DateTime64(7, 'UTC'),  -- clock 1: when the call happened
    ended_at             DateTime64(7, 'UTC'),
    seconds              UInt32,
    charge               Nullable(Decimal(18, 6)),
    connection_charge    Nullable(Decimal(18, 6)),
    currency             LowCardinality(String),
    capability           LowCardinality(String),
    inventory_type       LowCardinality(String),
    operator             LowCardinality(String),
    duration_source      LowCardinality(String),
    administrative_units String,
    -- What the dialled number says, by the numbering tables named.
    destination_country  LowCardinality(String),
    destination_region   LowCardinality(String),
    destination_class    LowCardinality(String),
    npa_nxx              LowCardinality(String),
    high_cost            Bool,
    masked               Bool,
    numbering_version    LowCardinality(String),
    -- Where the row came from.
    source               LowCardinality(String),
    batch_id             UUID,
    position             UInt64,                -- CSV line, JSON Lines line, or 1-based index in a page; ZIP member above bit 40
    source_at            DateTime64(3, 'UTC'),  -- clock 2: when the source gave it
    stored_at            DateTime64(6, 'UTC'),  -- clock 3: when it was stored here
    -- Start of the call in the revision this one replaces: a correction that moves
    -- a call to another month touches both months.
    replaces_started_at  DateTime64(7, 'UTC'),
    INDEX by_revision revision TYPE minmax GRANULARITY 1,
    INDEX by_replaced replaces_started_at TYPE minmax GRANULARITY 1,
    INDEX by_stored_at stored_at TYPE minmax GRANULARITY 4,
    -- A sum over every revision that can bear on rating, by tenant and day: what a rating
    -- run was made from, at the cost of reading a few rows a day. The hash of a row is
    -- in the sum of the day it starts and of the day it moves a call away from.
    PROJECTION by_day
    (
        SELECT
            tenant_id,
            toDate(started_at),
            if(revision = 0, toDate(started_at), toDate(replaces_started_at)),
            countIf(is_conf_out OR revision > 0),
            sumIf(cityHash64(usage_key, revision, content_hash), is_conf_out OR revision > 0),
            sumIf(cityHash64(usage_key, revision, content_hash), revision > 0)
        GROUP BY
            tenant_id,
            toDate(started_at),
            if(revision = 0, toDate(started_at), toDate(replaces_started_at))
    )
)
ENGINE = MergeTree
ORDER BY (tenant_id, started_at, usage_id);

-- Every record once, at its latest revision. Corrections are rare: the inner query
-- reads only the granules that hold a revision above 0.
CREATE VIEW IF NOT EXISTS usage AS
SELECT *
FROM usage_revisions
WHERE (tenant_id, usage_id, revision) NOT IN
(
    SELECT tenant_id, usage_id, arrayJoin(range(0, max(revision)))::UInt16
    FROM usage_revisions
    WHERE revision > 0
    GROUP BY tenant_id, usage_id
);

-- One row a file (or page, or push) once it has been read to its end.
-- read = accepted + duplicate + ignored + rejected, always.
CREATE TABLE IF NOT EXISTS ingest_ledger
(
    batch_id     UUID,
    tenant_id    LowCardinality(String),
    source       LowCardinality(String),
    file         String,
    content_hash FixedString(32),        -- SHA-256 of the file's bytes
    format       LowCardinality(String), -- csv, zip, graph_json, json_lines
    state        LowCardinality(String), -- started, finished, failed
    read         UInt64,
    accepted     UInt64,
    duplicate    UInt64,
    ignored      UInt64,
    rejected     UInt64,
    corrected    UInt64,                 -- the part of accepted and ignored that replaced an older revision
    detail       String,
    at           DateTime64(6, 'UTC'),
    actor        LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (tenant_id, at, batch_id);

-- Rows that could not be trusted, whole. The same broken row again is kept once.
CREATE TABLE IF NOT EXISTS quarantine
(
    rejection_id UUID,                   -- derived from tenant, reason and raw row
    tenant_id    LowCardinality(String),
    batch_id     UUID,
    file         String,
    member       String,                 -- file inside a ZIP
    position     UInt64,
    format       LowCardinality(String),
    header       String,                 -- the CSV header that gives the row its meaning
    reason       LowCardinality(String),
    detail       String,
    usage_id     String,                 -- when it could be read
    raw          String,
    rejected_at  DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, rejected_at, rejection_id);
