-- Cases, decisions, enforcement actions, deliveries, job runs and audit: an
-- append-only log. State is derived from it.
CREATE TABLE IF NOT EXISTS journal
(
    stream       LowCardinality(String), -- case, enforcement, delivery, job, audit
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
    body         String                  -- JSON
)
ENGINE = MergeTree
ORDER BY (stream, subject, version, recorded_at, event_id);
