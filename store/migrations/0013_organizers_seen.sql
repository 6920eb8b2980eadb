-- Whom usage names, at the cost of reading a few rows an organizer and part: a directory need
-- not have been imported for somebody to be known.
ALTER TABLE usage_revisions ADD PROJECTION IF NOT EXISTS organizers_seen
(
    SELECT
        tenant_id,
        organizer_id,
        argMax(organizer_upn, started_at),
        argMax(organizer_name, started_at),
        max(started_at)
    GROUP BY tenant_id, organizer_id
);

ALTER TABLE usage_revisions MATERIALIZE PROJECTION organizers_seen;
