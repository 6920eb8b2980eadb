-- The rules with a finding against each organizer, whether or not a case was opened.
SELECT tenant_id, organizer_id, arraySort(groupUniqArray(toString(rule_id))) AS rules
FROM findings
WHERE outcome = 'hit' AND rule_status = 'live'
GROUP BY tenant_id, organizer_id
