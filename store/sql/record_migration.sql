INSERT INTO schema_migrations (number, name, sha256, applied_at)
SELECT {number:UInt32}, {name:String}, {sha256:String}, {applied_at:DateTime64(6, 'UTC')}
