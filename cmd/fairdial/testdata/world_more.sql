-- What else there is: licences of every organizer, the add-on of two in three, a pool that is
-- empty in the last week of a month, and findings of ten rules.
INSERT INTO licence_intervals
SELECT '00000000-0000-0000-0000-000000000001', concat('t', toString(number % 8)), concat('o', toString(number)), plan, '2025-01-01', '2200-01-01'
FROM numbers({organizers:UInt64})
ARRAY JOIN arrayConcat(['3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40', '505e180f-f7e0-4b65-91d4-00d670bbd18c'], if(number % 3 = 0, [], ['a1d0c0de-0a0b-4c0d-8e0f-00000d1a1008'])) AS plan;

INSERT INTO licence_generations
SELECT '00000000-0000-0000-0000-000000000001', concat('t', toString(number)), number + 1, '2026-01-01' FROM numbers(8);

INSERT INTO snapshot_skus
SELECT '00000000-0000-0000-0000-000000000002', concat('t', toString(number)), '00000000-0000-0000-0000-000000000003', 'MEETINGS', 'Enabled', 200000, 0, 0, 0, 2500,
    ['3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40'], '2026-01-01'
FROM numbers(8);

INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind, snapshot_at, rows, stored_at)
SELECT '00000000-0000-0000-0000-000000000002', concat('t', toString(number)), 'skus', '2026-01-01', 1, '2026-01-01' FROM numbers(8);

INSERT INTO finding_rows (finding_id, tenant_id, organizer_id, rule_id, rule_version, rule_title, rule_status, severity, at, window_start, window_end, value, threshold, unit, sentence, detected_at)
SELECT
    reinterpretAsUUID(sipHash128(number % 150000, 'finding')), concat('t', toString(number % 150000 % {organizers:UInt64} % 8)), concat('o', toString(number % 150000 % {organizers:UInt64})),
    concat('rule-', toString(intDiv(number % 150000, {organizers:UInt64}))), 1, 'Much more than usual', 'live', 'warning',
    toDateTime64('2026-02-01', 3, 'UTC') + number AS at, at, at, 900, 100, 'minutes', 'Organizer called for 900 minutes in a day, where 100 are usual.', at
FROM numbers(300000);

INSERT INTO journal (stream, subject, version, event_id, kind, tenant_id, actor, at, recorded_at, reason)
SELECT 'quarantine', toString(rejection_id), 1, generateUUIDv4(), 'dismissed', tenant_id, 'cli:ann', rejected_at, rejected_at, 'no usage'
FROM quarantine
WHERE cityHash64(rejection_id) % 5 = 0
