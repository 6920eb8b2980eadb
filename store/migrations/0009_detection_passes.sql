-- What a detection pass over new records alone needs: an organizer's records side by side,
-- and what the newest pass over all of them left behind.

-- The records of an organizer, which lie scattered over time in the table itself: a pass that
-- judges some organizers reads theirs and nobody else's.
ALTER TABLE usage_revisions ADD PROJECTION IF NOT EXISTS by_organizer
(
    SELECT
        tenant_id, organizer_id, started_at, usage_id, revision, is_conf_out, ended_at, seconds, conference_id, callee_number,
        destination_country, destination_region, destination_class, npa_nxx, high_cost, masked, organizer_name, organizer_upn
    ORDER BY tenant_id, organizer_id, started_at
) WITH SETTINGS (index_granularity = 512);

ALTER TABLE usage_revisions MATERIALIZE PROJECTION by_organizer;

-- One row a pass that judged all tenants, once it has ended.
CREATE TABLE IF NOT EXISTS detection_passes
(
    pass_id     UUID,
    at          DateTime64(3, 'UTC'), -- its last step
    whole       Bool,                 -- of all organizers, or of those with new records
    began_at    DateTime64(6, 'UTC'), -- what was stored by then it has seen
    fingerprint String,               -- of the rules and all else that a pass depends on beside usage
    ended_at    DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (at, pass_id);

-- The feature view `peers` of a pass over all organizers.
CREATE TABLE IF NOT EXISTS peer_days
(
    tenant_id  LowCardinality(String),
    pass_id    UUID,
    day        Date,
    peers      UInt64,
    median_28d UInt64,                -- seconds
    p90_28d    UInt64,
    p95_28d    UInt64,
    made_at    DateTime('UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, pass_id, day)
TTL made_at + INTERVAL 7 DAY;

-- The feature view `places` of a pass over all organizers.
CREATE TABLE IF NOT EXISTS usual_places
(
    tenant_id LowCardinality(String),
    pass_id   UUID,
    country   String,
    since     Date,
    made_at   DateTime('UTC')
)
ENGINE = MergeTree
ORDER BY (tenant_id, pass_id, country)
TTL made_at + INTERVAL 7 DAY;
