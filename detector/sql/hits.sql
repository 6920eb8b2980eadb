-- Around a rule's SQL: the rows that reach a threshold, thinned to the first one of each
-- organizer, month, severity and band of growth (each half as high again as the one
-- before), so that what goes on for weeks stays a few rows. A window
-- that had ended long before the first step is past; the tests of rules say so for each
-- tenant by itself.
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
LIMIT 1 BY
    tenant_id, organizer_id,
    toStartOfMonth(window_end - toIntervalMillisecond(1)),
    value >= {critical:Float64},
    floor(log(value / {warning:Float64}) / log(1.5) + 1e-9)
