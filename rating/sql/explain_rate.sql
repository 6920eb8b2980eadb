-- The row of a rate sheet that a call was charged by: the look-up says what it costs, the
-- sheet's own row what it is called.
SELECT
    w.sheet_id AS sheet_id, s.file AS file, s.valid_from AS valid_from, w.prefix AS prefix, w.per_minute AS per_minute,
    w.connection_charge AS connection_charge, r.destination AS destination, r.number_type AS number_type, r.originating_number_type AS originating_number_type, r.origin AS origin, r.row_number AS row_number
FROM
(
    SELECT DISTINCT sheet_id, prefix, per_minute, connection_charge
    FROM rate_ranges
    WHERE list_id IN ({lists:Array(UUID)}) AND sheet_id = {sheet:UUID} AND prefix = {prefix:String} AND premium = {premium:Bool}
) AS w
INNER JOIN rate_sheets AS s ON s.sheet_id = w.sheet_id
INNER JOIN rate_rows AS r
    ON r.sheet_id = w.sheet_id AND r.prefix = w.prefix AND r.per_minute = w.per_minute AND r.connection_charge = w.connection_charge
WHERE r.origin IN ('', {country:String})
ORDER BY r.origin DESC, (r.number_type = 'Premium') = {premium:Bool} DESC, r.number_type = 'All Number Types' DESC,
    r.originating_number_type = 'All Number Types' DESC, r.originating_number_type = 'Wireline' DESC, r.row_number
LIMIT 1
