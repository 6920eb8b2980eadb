SELECT request_id, step::String AS step, fingerprint, status, headers, body, began_at
FROM replies
WHERE key = {key:String} AND began_at > {since:DateTime64(3)}
ORDER BY _block_number, request_id
LIMIT 10000
