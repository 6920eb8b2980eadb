DELETE FROM rating_rows
WHERE tenant_id IN ({tenants:Array(String)}) AND month IN ({months:Array(Date)}) AND run_id IN ({runs:Array(UUID)})
