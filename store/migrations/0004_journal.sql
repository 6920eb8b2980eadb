-- Cases, decisions, enforcement actions, deliveries, job runs and audit: an
-- append-only log. State is derived from it.
--
-- The block number is kept through merges: it says which of two events with the same
-- stream, subject and version was committed first.
CREATE TABLE IF NOT EXISTS journal
(
    stream       LowCardinality(String), -- case, enforcement, delivery, job, quarantine, audit
    subject      String,                 -- case id, organizer, delivery key, job name
    version      UInt32,                 -- of the subject, after this event
    event_id     UUID,
    kind         LowCardinality(String),
    tenant_id    LowCardinality(String),
    organizer_id String,
    actor        String,                 -- never empty
    at           DateTime64(3, 'UTC'),   -- when it holds; the replayed time in a replay
    recorded_at  DateTime64(6, 'UTC'),   -- when it was written
    reason       String,
    body         String,                 -- JSON
    INDEX by_recorded_at recorded_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY (stream, subject, version)
SETTINGS enable_block_number_column = 1;

-- The events that count: of each version the one committed first.
CREATE VIEW IF NOT EXISTS journal_events AS
SELECT *
FROM journal
ORDER BY stream, subject, version, _block_number, event_id
LIMIT 1 BY stream, subject, version;
