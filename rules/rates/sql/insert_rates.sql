INSERT INTO rate_rows
(sheet_id, currency, origin, destination, prefix, originating_number_type, number_type, connection_charge, per_minute, row_number)
