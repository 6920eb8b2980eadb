-- The newest pass of a time, and the newest over all organizers.
SELECT
    argMax(p.at, p.ended_at)                   AS at,
    argMax(p.began_at, p.ended_at)             AS began_at,
    argMaxIf(p.pass_id, p.ended_at, p.whole)   AS whole_id,
    argMaxIf(p.began_at, p.ended_at, p.whole)  AS whole_began_at,
    count()                                    AS passes
FROM detection_passes AS p
WHERE p.fingerprint = {fingerprint:String} AND p.at >= {since:DateTime64(3)} AND p.at <= {to:DateTime64(3)}
