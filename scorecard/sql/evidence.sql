-- What each organizer's findings added up to at most, whether or not a case was opened: one
-- minus the chance that none of their families is right, of the findings of 45 days, as the
-- detector adds them up (detector/score.go).
SELECT tenant_id, organizer_id, max(evidence) AS evidence
FROM
(
    SELECT tenant_id, organizer_id, seen_at, 1 - arrayProduct(groupArray(1 - least(greatest(weight, 0), 1))) AS evidence
    FROM
    (
        SELECT f.tenant_id AS tenant_id, f.organizer_id AS organizer_id, f.at AS seen_at, before.family AS family, max(before.weight) AS weight
        FROM findings AS f
        INNER JOIN findings AS before ON before.tenant_id = f.tenant_id AND before.organizer_id = f.organizer_id
        WHERE f.outcome = 'hit' AND f.rule_status = 'live' AND before.outcome = 'hit' AND before.rule_status = 'live'
          AND before.at <= f.at AND before.at >= f.at - toIntervalDay(45)
        GROUP BY tenant_id, organizer_id, seen_at, family
    )
    GROUP BY tenant_id, organizer_id, seen_at
)
GROUP BY tenant_id, organizer_id
