-- What paid for the calls of organizers, by month.
SELECT tenant_id, organizer_id, toString(month) AS month, toString(bucket) AS bucket, toInt64(sum(ratings.seconds)) AS paid_seconds
FROM ratings
WHERE has({tenants:Array(String)}, tenant_id) AND has({organizers:Array(String)}, organizer_id)
GROUP BY tenant_id, organizer_id, month, bucket
ORDER BY tenant_id, organizer_id, month, bucket
