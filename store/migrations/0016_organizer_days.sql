-- Revisions by organizer and day, for the organizers with most use: some rows an organizer and
-- day, in place of one a call. What newer revisions replaced is taken away by who reads them.
ALTER TABLE usage_revisions ADD PROJECTION IF NOT EXISTS by_organizer_day
(
    SELECT
        tenant_id, organizer_id, toDate(started_at), is_conf_out,
        count(), sum(seconds)
    GROUP BY
        tenant_id, organizer_id, toDate(started_at), is_conf_out
);

ALTER TABLE usage_revisions MATERIALIZE PROJECTION by_organizer_day;
