-- Answers given to requests that named themselves with an Idempotency-Key: the same request
-- again within a day gets the same answer. No state of Fairdial is derived from it.
--
-- A request has a row when it begins and one when it ends; which of two began first is the
-- block number's to say, which is kept through merges.
CREATE TABLE IF NOT EXISTS replies
(
    key         String,                 -- SHA-256 of who asked and of their key
    request_id  UUID,
    step        LowCardinality(String), -- begun; given, an answer; let_go, nothing was done
    fingerprint String,                 -- SHA-256 of what was asked
    status      UInt16,
    headers     Map(String, String),
    body        String,
    began_at    DateTime64(3, 'UTC'),   -- of both rows
    stored_at   DateTime('UTC') DEFAULT now() -- by the engine's clock, for the end of the row
)
ENGINE = MergeTree
ORDER BY (key, began_at)
TTL stored_at + INTERVAL 2 DAY
SETTINGS enable_block_number_column = 1;
