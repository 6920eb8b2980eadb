-- How often each rule found something, and about how many organizers, whatever its status was then: by
-- what people decided on their cases (cases is named by who asks), and whether they have one.
SELECT
    f.rule_id AS rule_id, c.outcome AS outcome, c.there AS there,
    uniqExact(f.finding_id) AS findings, uniqExact(f.tenant_id, f.organizer_id) AS organizers, max(f.at) AS newest
FROM finding_rows AS f
LEFT JOIN (SELECT tenant_id, organizer_id, any(outcome) AS outcome, true AS there FROM cases GROUP BY tenant_id, organizer_id) AS c
    ON c.tenant_id = f.tenant_id AND c.organizer_id = f.organizer_id
GROUP BY rule_id, outcome, there
ORDER BY rule_id, outcome, there
