INSERT INTO rate_ranges (list_id, premium, starts, sheet_id, prefix, connection_charge, per_minute)
