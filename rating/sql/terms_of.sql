SELECT plan_version, any(terms) AS terms
FROM rating_terms
WHERE plan_version IN ({versions:Array(String)})
GROUP BY plan_version
