INSERT INTO rate_rows
(sheet_id, currency, origin, destination, prefix, number_type, connection_charge, per_minute, row_number)
