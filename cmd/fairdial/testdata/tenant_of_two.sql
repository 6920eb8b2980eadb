-- One of two tenants, everything of which bears its name: {tenant:String} stands in every id and name, {last:String}
-- ends the number that it alone calls, {from:String} is the day of its first call. Two numbers, an id of
-- a record and an id of an organizer are in both.
INSERT INTO usage_revisions
(
    tenant_id, usage_id, content_hash, core_hash, format, call_type, is_conf_out, organizer_id, organizer_upn, organizer_name, call_id, conference_id, call_direction,
    caller_number, callee_number, usage_country, tenant_country, destination_context, destination_name, started_at, ended_at, seconds, charge, connection_charge, currency,
    capability, inventory_type, operator, duration_source, destination_country, destination_region, destination_class, npa_nxx, numbering_version, source, batch_id, position, source_at, stored_at
)
WITH
    -- One call in six is of the month in which both called.
    if(number % 6 = 5, toDateTime64('2026-02-08', 7, 'UTC'), toDateTime64({from:String}, 7, 'UTC')) + toIntervalHour(9 + number * 11) AS begin,
    ['-o1', '-o2', ''][1 + number % 3] AS who
SELECT
    {tenant:String}, if(number = 0, 'u-shared', concat({tenant:String}, '-u', toString(number))), number, number, 'csv', 'conf_out', true,
    if(who = '', 'o-shared', concat({tenant:String}, who)), concat({tenant:String}, who, '@example.org'), concat({tenant:String}, ' Person', who),
    concat({tenant:String}, '-call', toString(number)), concat({tenant:String}, '-conf', toString(number)), 'Outbound', '+14255550100',
    concat('+1425555', ['0101', '0102', {last:String}][1 + intDiv(number, 3) % 3]), 'US', 'US', 'Domestic', 'United States', begin, begin + {seconds:UInt32}, {seconds:UInt32}, 0.25, 0, 'USD',
    'MCOMEETADD', 'Subscriber', 'Microsoft', 'reported', {country:String}, '', 'geographic', '425555', '1', 'usage', {batch:UUID}, number, begin + 86400, begin + 90000
FROM numbers(36);

INSERT INTO tenant_revisions (tenant_id, name, country, segment, channel, credits_funded, credits_currency, stored_at)
VALUES ({tenant:String}, concat({tenant:String}, ' Ltd'), {country:String}, 'commercial', 'ea', true, 'USD', '2026-01-01');

INSERT INTO snapshot_organizers (snapshot_id, tenant_id, organizer_id, upn, name, enabled, snapshot_at)
SELECT {batch:UUID}, {tenant:String}, if(number = 0, 'o-shared', concat({tenant:String}, '-o', toString(number))), concat({tenant:String}, '-o', toString(number), '@example.org'), concat({tenant:String}, ' Person-o', toString(number)), true, '2026-02-01'
FROM numbers(5);

INSERT INTO licence_intervals
SELECT {batch:UUID}, {tenant:String}, organizer, plan, '2025-01-01', '2200-01-01'
FROM (SELECT arrayJoin([concat({tenant:String}, '-o1'), concat({tenant:String}, '-o2'), 'o-shared']) AS organizer)
ARRAY JOIN ['3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40', concat({tenant:String}, '-plan'), if(organizer = 'o-shared', '', 'a1d0c0de-0a0b-4c0d-8e0f-00000d1a1008')] AS plan;

INSERT INTO licence_generations SELECT {batch:UUID}, {tenant:String}, 1, '2026-01-01';

INSERT INTO snapshot_skus
SELECT {batch:UUID}, {tenant:String}, concat({tenant:String}, '-sku'), 'MEETINGS', 'Enabled', 1, 0, 0, 0, 1, ['3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40'], '2026-01-01';

INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind, snapshot_at, rows, stored_at)
SELECT {batch:UUID}, {tenant:String}, arrayJoin(['skus', 'users']), '2026-01-01', 1, '2026-01-01';

INSERT INTO ingest_ledger (batch_id, tenant_id, source, file, content_hash, format, state, read, accepted, rejected, detail, at, actor)
SELECT {batch:UUID}, {tenant:String}, concat({tenant:String}, '-source'), concat({tenant:String}, '.csv'), leftPad({tenant:String}, 32, '-'), 'csv', 'finished', 38, 36, 2, concat({tenant:String}, ' detail'), toDateTime64({from:String}, 6, 'UTC'), concat('cli:', {tenant:String});

INSERT INTO quarantine (rejection_id, tenant_id, batch_id, file, reason, detail, usage_id, raw, rejected_at)
VALUES ({rejection:UUID}, {tenant:String}, {batch:UUID}, concat({tenant:String}, '.csv'), 'bad_quoting', concat({tenant:String}, ' detail'), concat({tenant:String}, '-u99'), concat('"', {tenant:String}, ' row'), toDateTime64({from:String}, 6, 'UTC'));

INSERT INTO finding_rows (finding_id, tenant_id, organizer_id, rule_id, rule_version, rule_title, rule_status, severity, at, window_start, window_end, value, threshold, unit, sentence, detected_at)
SELECT {batch:UUID}, {tenant:String}, concat({tenant:String}, '-o1'), 'fair-use-month', 1, 'Much', 'live', 'warning', toDateTime64({from:String}, 3, 'UTC') AS at, at, at, 900, 100, 'minutes', concat({tenant:String}, ' called much'), at
