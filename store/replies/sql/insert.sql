INSERT INTO replies (key, request_id, step, fingerprint, status, headers, body, began_at)
