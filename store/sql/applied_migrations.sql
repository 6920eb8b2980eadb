SELECT number, argMin(sha256, applied_at) AS sha256
FROM schema_migrations
GROUP BY number
ORDER BY number
