-- All rows of the findings of some tenants that can still matter: those of the months
-- that the pass looks at, and what a score remembers.
SELECT
    finding_id, tenant_id, organizer_id, rule_id, rule_version, rule_title, rule_status, family, weight, verdict, severity, at,
    window_start, window_end, value, threshold, baseline, unit, exposure_seconds, exposure_amount, exposure_currency, usage_ids,
    calls, sentence, facts, outcome, pass_id, detected_at
FROM finding_rows
WHERE has({tenants:Array(String)}, tenant_id) AND at >= {history:DateTime64(3)}
ORDER BY tenant_id, organizer_id, at, finding_id, detected_at
LIMIT 1 BY tenant_id, organizer_id, finding_id, at
