-- Calls as dial-out gateways report them, while they go on and when they end: what a
-- throttle counts before the usage feed has the call. Not usage: nothing is rated by it.
-- A call has a row a report; it has ended where any of them has an end.
CREATE TABLE IF NOT EXISTS call_reports
(
    tenant_id    LowCardinality(String),
    organizer_id String,
    call_id      String,
    started_at   DateTime64(3, 'UTC'),
    ended_at     DateTime64(3, 'UTC'),   -- 1970 while the call goes on
    reported_at  DateTime64(6, 'UTC'),
    reporter     LowCardinality(String), -- the name of the API key
    stored_at    DateTime('UTC') DEFAULT now() -- by the engine's clock, for the end of the row
)
ENGINE = MergeTree
ORDER BY (tenant_id, organizer_id, started_at)
TTL stored_at + INTERVAL 3 DAY;
