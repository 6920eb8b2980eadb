CREATE TABLE IF NOT EXISTS schema_migrations
(
    number     UInt32,
    name       String,
    sha256     String,                 -- of the file, hexadecimal
    applied_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (number, applied_at);
