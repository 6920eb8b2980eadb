-- One record in two thousand comes again with another duration, one in twenty of those at
-- another time.
INSERT INTO usage_revisions
SELECT * REPLACE
(
    toUInt16(1) AS revision, r.seconds + 60 AS seconds, cityHash64(r.content_hash) AS content_hash, r.started_at AS replaces_started_at,
    r.started_at - if(r.usage_key % 40000 = 7 AND r.started_at >= '2026-01-02', 3600, 0) AS started_at, r.stored_at + 86400 AS stored_at
)
FROM (SELECT * FROM usage_revisions WHERE usage_key % 2000 = 7) AS r
