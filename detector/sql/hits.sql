-- Around a rule's SQL: the rows that reach a threshold. They are thinned to the first one of
-- each organizer, month, severity and band of growth (each half as high again as the one
-- before), so that what goes on for weeks stays a few rows: by thin.sql, or after the
-- condition of a rule that has one. A window that had ended long before the first step is
-- past; the tests of rules say so for each tenant by itself.
SELECT *
FROM
(
    /* rule */
)
WHERE value >= {warning:Float64}
  AND has({tenants:Array(String)}, tenant_id)
  AND at >= {from:DateTime64(3)} AND at <= {to:DateTime64(3)}
  AND window_end > if(has({own_tenants:Array(String)}, tenant_id),
      fromUnixTimestamp64Milli({own_since_ms:Array(Int64)}[indexOf({own_tenants:Array(String)}, tenant_id)]), {since:DateTime64(3)})
ORDER BY tenant_id, organizer_id, at, value DESC
