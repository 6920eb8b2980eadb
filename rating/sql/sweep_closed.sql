DELETE FROM closed_rows
WHERE tenant_id IN ({tenants:Array(String)}) AND month IN ({months:Array(Date)}) AND close_id IN ({runs:Array(UUID)})
