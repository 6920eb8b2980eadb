-- Three of the world's ninety days, {rows:UInt64} records of eight tenants and 20,000 organizers, of whom
-- o7 makes one call in a hundred. What is random is drawn from the record's number, so that the
-- world is the same each time. What the source says of who paid is mostly what the rating says too.
INSERT INTO usage_revisions
(
    tenant_id, usage_id, content_hash, core_hash, format, call_type, is_conf_out, organizer_id, organizer_upn, organizer_name,
    call_id, conference_id, call_direction, caller_number, callee_number, usage_country, tenant_country, destination_context, destination_name,
    started_at, ended_at, seconds, charge, connection_charge, currency, capability, inventory_type, operator, duration_source,
    destination_country, destination_region, destination_class, npa_nxx, numbering_version, source, batch_id, position, source_at, stored_at
)
WITH
    if(number % 100 = 7, 7, cityHash64(number, 1) % 20000) AS who,
    cityHash64(number, 3)                               AS dice,
    toUInt32(30 + least(dice % 100, bitShiftRight(dice, 7) % 100) * 90)  AS length,
    toDateTime64('2026-01-01', 7, 'UTC') + toIntervalDay({day:UInt64}) + toIntervalNanosecond(100 * (cityHash64(number, 2) % 2592000000000)) AS begin,
    toUUID(reinterpretAsUUID(sipHash128(number)))       AS id,
    if(dice % 10 < 9, 'US', ['CA', 'GB', 'DE', 'FR', 'IN', 'JP'][1 + bitShiftRight(dice, 11) % 6]) AS country
SELECT
    concat('t', toString(who % 8)), toString(id), cityHash64(number, 4), cityHash64(number, 5), 'csv', if(dice % 50 = 7, 'user_out', 'conf_out'), dice % 50 != 7,
    concat('o', toString(who)), concat('o', toString(who), '@t.example'), concat('Organizer ', toString(who)),
    toString(reinterpretAsUUID(sipHash128(intDiv(number, 3)))), toString(cityHash64(intDiv(number, 3), 6)), 'Outbound', '+14255550100',
    concat(['+1425555', '+1212555', '+4420795'][1 + bitShiftRight(dice, 13) % 3], leftPad(toString(bitShiftRight(dice, 17) % 10000), 4, '0')), 'US', 'US', 'Domestic', 'United States',
    begin, begin + length, length, if(dice % 5000 = 11, 0.25, 0), 0, 'USD',
    multiIf(dice % 997 = 3, 'FREECALL', dice % 499 = 5, '', country IN ('US', 'CA') AND who % 3 != 0, 'MCOMEETADD_DIALOUT_US', 'MCOMEETADD'), 'Subscriber', 'Microsoft', 'reported',
    country, '', 'geographic', concat('425', toString(500 + bitShiftRight(dice, 19) % 300)), '1', 'usage', generateUUIDv4(), number, begin + 86400, begin + 90000
FROM numbers({from:UInt64}, {rows:UInt64})
