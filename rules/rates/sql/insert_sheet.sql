INSERT INTO rate_sheets (sheet_id, currency, valid_from, file, content_hash, rows, origins, stored_at, actor, reason)
