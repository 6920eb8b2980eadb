-- ties: two organizers of one tenant who call the same number, of the numbers that hardly
-- anybody else of the tenant calls: only the first eight to call a number count. Toll-free
-- numbers are left out: many people stand behind one of them.
--
--   tenant_id, organizer_id, other, number
--   at              the step that first sees that both have called it
--   own_callees     how many different numbers the organizer had called by its first call to it
--   other_callees   likewise, the other one
WITH few AS
(
    SELECT tenant_id, organizer_id, number, first_at, callees
    FROM
    (
        SELECT
            *,
            row_number() OVER (PARTITION BY tenant_id, number ORDER BY first_ended, organizer_id)       AS nth,
            row_number() OVER (PARTITION BY tenant_id, organizer_id ORDER BY first_ended, number)       AS callees,
            count()      OVER (PARTITION BY tenant_id, number)                                          AS callers
        FROM
        (
            SELECT tenant_id, organizer_id, number, min(ended_at) AS first_ended, min(at) AS first_at
            FROM calls
            WHERE class != 'toll_free'
            GROUP BY tenant_id, organizer_id, number
        )
    )
    WHERE nth <= 8 AND callers > 1
)
SELECT
    a.tenant_id AS tenant_id, a.organizer_id AS organizer_id, b.organizer_id AS other, a.number AS number,
    greatest(a.first_at, b.first_at) AS at, a.callees AS own_callees, b.callees AS other_callees
FROM few AS a
INNER JOIN few AS b ON a.tenant_id = b.tenant_id AND a.number = b.number
WHERE a.organizer_id != b.organizer_id
