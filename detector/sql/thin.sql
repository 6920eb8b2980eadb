-- At the end of hits.sql: the first row of each organizer, month, severity and band of growth.
LIMIT 1 BY
    tenant_id, organizer_id,
    toStartOfMonth(window_end - toIntervalMillisecond(1)),
    value >= {critical:Float64},
    floor(log(value / {warning:Float64}) / log(1.5) + 1e-9)
