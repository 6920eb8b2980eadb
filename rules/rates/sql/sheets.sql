-- Of sheets that came into force at the same moment, the one stored last counts.
SELECT
    argMax(s.sheet_id, s.stored_at) AS sheet_id,
    s.currency                      AS currency,
    s.valid_from                    AS valid_from,
    argMax(s.file, s.stored_at)     AS file,
    argMax(s.rows, s.stored_at)     AS rows,
    argMax(s.origins, s.stored_at)  AS origins,
    max(s.stored_at)                AS stored_at,
    argMax(s.actor, s.stored_at)    AS actor,
    argMax(s.reason, s.stored_at)   AS reason
FROM rate_sheets AS s
GROUP BY s.currency, s.valid_from
ORDER BY currency, valid_from
