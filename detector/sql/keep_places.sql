-- What a pass over new records will take for `places`.
INSERT INTO usual_places (tenant_id, pass_id, country, since, made_at)
SELECT tenant_id, {pass:UUID}, country, since, now()
FROM {table:Identifier}
