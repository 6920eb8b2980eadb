-- The terms that ratings were made under, whole: what a plan version was stays readable
-- after the plan file has changed. A version's text is derived from its content, so the
-- same version written twice is the same text.
CREATE TABLE IF NOT EXISTS rating_terms
(
    plan_version LowCardinality(String), -- as in rating_runs
    terms        String,                 -- JSON: rules and identities
    stored_at    DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY plan_version;
