-- It differs as soon as something else has been found.
SELECT toString((count(), sum(cityHash64(finding_id, rule_id, tenant_id, organizer_id, at)))) AS mark
FROM finding_rows
