-- What else a rate sheet says of itself.

-- The kind of number that a call is made from; it tells rates for the same prefix apart.
ALTER TABLE rate_rows ADD COLUMN IF NOT EXISTS originating_number_type LowCardinality(String) DEFAULT 'All Number Types';

-- Who brought the sheet in, and why, where it took the place of another from the same moment.
ALTER TABLE rate_sheets ADD COLUMN IF NOT EXISTS actor LowCardinality(String);

ALTER TABLE rate_sheets ADD COLUMN IF NOT EXISTS reason String;
