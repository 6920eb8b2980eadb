DELETE FROM compared_lines
WHERE tenant_id IN ({tenants:Array(String)}) AND month IN ({months:Array(Date)}) AND work_id IN ({runs:Array(UUID)})
