-- Tenants, organizers and licences, effective-dated by import. Rows are only added;
-- the views give what is in force.
CREATE TABLE IF NOT EXISTS tenant_revisions
(
    tenant_id        String,
    name             String,
    country          LowCardinality(String), -- ISO 3166-1 alpha-2
    segment          LowCardinality(String), -- commercial, education, nonprofit, gcc
    channel          LowCardinality(String), -- ea, eas, ees, csp, web_direct
    credits_funded   Bool,
    credits_currency LowCardinality(String), -- ISO 4217
    stored_at        DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, stored_at);

CREATE VIEW IF NOT EXISTS tenants AS
SELECT
    tenant_id,
    argMax(name, stored_at)             AS name,
    argMax(country, stored_at)          AS country,
    argMax(segment, stored_at)          AS segment,
    argMax(channel, stored_at)          AS channel,
    argMax(credits_funded, stored_at)   AS credits_funded,
    argMax(credits_currency, stored_at) AS credits_currency,
    max(tenant_revisions.stored_at)     AS updated_at
FROM tenant_revisions
GROUP BY tenant_id;

-- A snapshot counts once its row here exists: the parts of a snapshot are written first.
CREATE TABLE IF NOT EXISTS directory_snapshots
(
    snapshot_id UUID,
    tenant_id   LowCardinality(String),
    kind        LowCardinality(String),   -- users, users_part (not whole), skus; with _seen: the content of snapshot_id was seen again
    snapshot_at DateTime64(3, 'UTC'),     -- when the directory looked like this
    content_hash FixedString(32),
    rows        UInt64,
    stored_at   DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, kind, snapshot_at);

CREATE TABLE IF NOT EXISTS snapshot_organizers
(
    snapshot_id    UUID,
    tenant_id      LowCardinality(String),
    organizer_id   String,
    upn            String,
    name           String,
    usage_location LowCardinality(String),
    enabled        Bool,
    snapshot_at    DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, organizer_id, snapshot_at);

-- A service plan an organizer had when the snapshot was taken.
CREATE TABLE IF NOT EXISTS snapshot_plans
(
    snapshot_id       UUID,
    tenant_id         LowCardinality(String),
    organizer_id      String,
    service_plan_id   LowCardinality(String),
    capability_status LowCardinality(String), -- Enabled, Warning, Suspended, LockedOut, Deleted, or new words
    assigned_at       DateTime64(3, 'UTC'),
    sku_ids           Array(String),          -- assigned licences that carry the plan and do not disable it
    snapshot_at       DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, organizer_id, service_plan_id, snapshot_at);

CREATE TABLE IF NOT EXISTS snapshot_skus
(
    snapshot_id       UUID,
    tenant_id         LowCardinality(String),
    sku_id            String,
    sku_part_number   LowCardinality(String),
    capability_status LowCardinality(String),
    enabled           Int64,
    warning           Int64,
    suspended         Int64,
    locked_out        Int64,
    consumed          Int64,
    service_plan_ids  Array(String),
    snapshot_at       DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, sku_id, snapshot_at);

-- Intervals in which an organizer held a service plan, [held_from, held_to).
-- Written by the directory import from all snapshots of a tenant; a generation
-- counts once its row in licence_generations exists.
CREATE TABLE IF NOT EXISTS licence_intervals
(
    generation_id   UUID,
    tenant_id       LowCardinality(String),
    organizer_id    String,
    service_plan_id LowCardinality(String),
    held_from       DateTime64(3, 'UTC'),
    held_to         DateTime64(3, 'UTC')     -- 2200-01-01 while still held
)
ENGINE = MergeTree
ORDER BY (tenant_id, organizer_id, service_plan_id, held_from);

CREATE TABLE IF NOT EXISTS licence_generations
(
    generation_id UUID,
    tenant_id     LowCardinality(String),
    content_hash  UInt64,
    stored_at     DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, stored_at);

CREATE VIEW IF NOT EXISTS licences AS
SELECT tenant_id, organizer_id, service_plan_id, held_from, held_to
FROM licence_intervals
WHERE (tenant_id, generation_id) IN
(
    SELECT tenant_id, argMax(generation_id, stored_at)
    FROM licence_generations
    GROUP BY tenant_id
);

-- Organizers as the newest complete snapshot that names them has them.
CREATE VIEW IF NOT EXISTS organizers AS
SELECT
    tenant_id,
    organizer_id,
    argMax(upn, snapshot_at)            AS upn,
    argMax(name, snapshot_at)           AS name,
    argMax(usage_location, snapshot_at) AS usage_location,
    argMax(enabled, snapshot_at)        AS enabled,
    max(snapshot_organizers.snapshot_at) AS seen_at
FROM snapshot_organizers
WHERE snapshot_id IN (SELECT snapshot_id FROM directory_snapshots WHERE startsWith(kind, 'users'))
GROUP BY tenant_id, organizer_id;
