-- What lists and breakdowns need of usage without reading all of it.

-- The corrections of a part, a row each, and one row a tenant for all else: which records have
-- a newer revision is told without reading a column of the whole table.
ALTER TABLE usage_revisions ADD PROJECTION IF NOT EXISTS corrected
(
    SELECT
        tenant_id,
        if(revision > 0, usage_id, ''),
        if(revision > 0, replaces_started_at, toDateTime64(0, 7, 'UTC')),
        max(revision)
    GROUP BY
        tenant_id,
        if(revision > 0, usage_id, ''),
        if(revision > 0, replaces_started_at, toDateTime64(0, 7, 'UTC'))
);

ALTER TABLE usage_revisions MATERIALIZE PROJECTION corrected;

-- Revisions by tenant, day and destination. A record that was corrected is in the sums more
-- than once; who reads them takes its older revisions away again.
ALTER TABLE usage_revisions ADD PROJECTION IF NOT EXISTS by_destination
(
    SELECT
        tenant_id, toDate(started_at), is_conf_out, destination_country,
        count(), sum(seconds)
    GROUP BY
        tenant_id, toDate(started_at), is_conf_out, destination_country
);

ALTER TABLE usage_revisions MATERIALIZE PROJECTION by_destination;

-- As before, from the projection. Of what has no newer revision the range is empty.
CREATE OR REPLACE VIEW usage AS
SELECT *
FROM usage_revisions
WHERE (tenant_id, usage_id, revision) NOT IN
(
    SELECT tenant_id, if(revision > 0, usage_id, '') AS id, arrayJoin(range(0, max(revision)))::UInt16
    FROM usage_revisions
    GROUP BY tenant_id, id
);
