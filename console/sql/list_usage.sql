-- The revisions that newer ones replaced are left out row by row, and of what the rest leaves
-- alone: to look for them in the index takes longer than the page. It is the view usage, with the
-- order of the conditions said.
SELECT
    u.tenant_id::String                         AS tenant_id,
    u.usage_id                                  AS usage_id,
    u.organizer_id                              AS organizer_id,
    u.organizer_name                            AS organizer_name,
    toDateTime(u.started_at, 'UTC')             AS started_at,
    toString(u.started_at)                      AS key,
    toInt64(u.seconds)                          AS seconds,
    u.callee_number                             AS callee_number,
    u.destination_country::String               AS destination_country,
    u.destination_class::String                 AS destination_class
FROM usage_revisions AS u
PREWHERE u.is_conf_out
  AND u.started_at >= {from:DateTime} AND u.started_at < {to:DateTime}
  AND u.started_at <= if({after_at:String} = '', toDateTime64('2200-01-01', 7, 'UTC'), parseDateTime64BestEffortOrZero({after_at:String}, 7, 'UTC'))
  AND (empty({tenants:Array(String)}) OR has({tenants:Array(String)}, u.tenant_id::String))
  AND ({tenant_id:String} = '' OR u.tenant_id = {tenant_id:String})
  AND ({organizer_id:String} = '' OR u.organizer_id = {organizer_id:String})
  AND ({country:String} = '' OR u.destination_country = {country:String})
WHERE (u.tenant_id, u.usage_id, u.revision) NOT IN
  (
      SELECT tenant_id, if(revision > 0, usage_id, '') AS id, arrayJoin(range(0, max(revision)))::UInt16
      FROM usage_revisions
      GROUP BY tenant_id, id
  )
  AND ({bucket:String} = '' OR (u.tenant_id::String, u.usage_id) IN
  (
      SELECT tenant_id::String, usage_id
      FROM rating_rows
      WHERE {bucket:String} != '' AND bucket = {bucket:String} AND run_id IN (SELECT run_id FROM rating_current)
        AND started_at >= {from:DateTime} AND started_at < {to:DateTime}
        AND ({tenant_id:String} = '' OR tenant_id = {tenant_id:String})
  ))
  AND ({after_at:String} = ''
       OR u.started_at < parseDateTime64BestEffortOrZero({after_at:String}, 7, 'UTC')
       OR (u.started_at = parseDateTime64BestEffortOrZero({after_at:String}, 7, 'UTC')
           AND (u.tenant_id::String, u.usage_id) > ({after_tenant:String}, {after:String})))
ORDER BY u.started_at DESC, u.tenant_id::String, u.usage_id
LIMIT {limit:UInt64}
SETTINGS use_index_for_in_with_subqueries = 0
