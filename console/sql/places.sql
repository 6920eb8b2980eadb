SELECT kind, name, sum(s) AS seconds, sum(c) AS calls
FROM
(
    SELECT
        destination_country, npa_nxx, callee_number,
        toInt64(sum(seconds))   AS s,
        toInt64(count())        AS c
    FROM usage
    WHERE tenant_id = {tenant_id:String}
      AND organizer_id = {organizer_id:String}
      AND is_conf_out
      AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
    GROUP BY destination_country, npa_nxx, callee_number
)
ARRAY JOIN
    ['country', 'block', 'number']                              AS kind,
    [destination_country::String, npa_nxx::String, callee_number] AS name
WHERE name != ''
GROUP BY kind, name
-- A block beside the last four digits of a number is the number, where the same minutes stand at
-- both: a block is named where at least three of its numbers were called.
HAVING kind != 'block' OR uniqExact(callee_number) >= 3
ORDER BY kind, seconds DESC, name
LIMIT 8 BY kind
