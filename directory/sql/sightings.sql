-- Every snapshot of users, in order of time, with the plans it shows; a snapshot in
-- which nobody has a plan is one row without an organizer.
SELECT
    s.kind AS kind, s.snapshot_at AS snapshot_at, p.organizer_id AS organizer_id,
    p.service_plan_id AS service_plan_id, p.capability_status AS capability_status, p.assigned_at AS assigned_at
FROM directory_snapshots AS s
LEFT JOIN
(
    SELECT snapshot_id, organizer_id, service_plan_id, capability_status, assigned_at
    FROM snapshot_plans
    WHERE tenant_id = {tenant_id:String}
) AS p ON p.snapshot_id = s.snapshot_id
WHERE s.tenant_id = {tenant_id:String} AND startsWith(s.kind, 'users')
ORDER BY s.snapshot_at, s.kind, organizer_id, service_plan_id, assigned_at, capability_status
