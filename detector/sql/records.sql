-- The records of the organizers that a pass over new records judges, each at its latest
-- revision, as the view usage has them: from the projection that has an organizer's records
-- side by side, by its own key. (Left to itself the engine compares how many marks it would
-- read, and takes the table, whose marks are of sixteen times as many rows.)
SELECT *
FROM mergeTreeProjection(currentDatabase(), 'usage_revisions', 'by_organizer')
WHERE (tenant_id, organizer_id) IN (SELECT tenant_id, organizer_id FROM {about:Identifier})
  AND (tenant_id, usage_id, revision) NOT IN
  (
      SELECT tenant_id, usage_id, arrayJoin(range(0, max(revision)))::UInt16
      FROM usage_revisions
      WHERE revision > 0
      GROUP BY tenant_id, usage_id
  )
