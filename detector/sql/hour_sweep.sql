-- Rows that an older run over all hours made, or one before it: nobody reads them any more.
DELETE FROM organizer_hour_rows
WHERE made_at < fromUnixTimestamp64Micro({made_us:Int64}, 'UTC')
