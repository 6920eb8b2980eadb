-- How much there is of the organizers that a pass over new records judges, by tenant.
SELECT tenant_id, count() AS calls
FROM mergeTreeProjection(currentDatabase(), 'usage_revisions', 'by_organizer')
WHERE (tenant_id, organizer_id) IN (SELECT tenant_id, organizer_id FROM {about:Identifier})
  AND started_at >= {history:DateTime64(3)} AND started_at < {to:DateTime64(3)}
GROUP BY tenant_id
ORDER BY tenant_id
