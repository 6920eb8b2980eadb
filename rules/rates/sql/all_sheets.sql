-- Every sheet that was brought in. One that another from the same moment took the place of
-- says when.
SELECT
    sheet_id, currency, valid_from, file, rows, origins, stored_at, actor, reason,
    leadInFrame(toNullable(stored_at)) OVER
    (
        PARTITION BY currency, valid_from ORDER BY stored_at, sheet_id
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS replaced_at
FROM
(
    SELECT sheet_id, currency, valid_from, file, rows, origins, stored_at, actor, reason
    FROM rate_sheets
    ORDER BY stored_at
    LIMIT 1 BY sheet_id
)
ORDER BY currency, valid_from, stored_at, sheet_id
