DELETE FROM leak_organizers
WHERE tenant_id IN ({tenants:Array(String)}) AND month IN ({months:Array(Date)}) AND work_id IN ({runs:Array(UUID)})
