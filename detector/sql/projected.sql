-- How many parts of the table there are, and how many have the projection by_organizer: where
-- all have it, it can be read in place of the table. On a cluster there are none here.
SELECT count() AS parts, countIf(has(projections, 'by_organizer')) AS projected
FROM system.parts
WHERE active AND rows > 0 AND database = currentDatabase() AND table = 'usage_revisions'
