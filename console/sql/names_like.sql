-- Tenants and organizers whose names have a text in them.
SELECT tenant_id::String AS id FROM tenants WHERE positionCaseInsensitiveUTF8(name, {text:String}) > 0
UNION ALL
SELECT organizer_id FROM organizers WHERE positionCaseInsensitiveUTF8(concat(name, ' ', upn), {text:String}) > 0
LIMIT {limit:UInt64}
