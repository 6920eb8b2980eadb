-- What organizers did, by hour: the features of detector/features/hours.sql, kept up to date
-- as records come. Rows are only added. A row counts once its run is in organizer_hour_runs;
-- of the runs that count, the newest has the say about an hour.
CREATE TABLE IF NOT EXISTS organizer_hour_rows
(
    tenant_id               LowCardinality(String),
    organizer_id            String,
    hour                    DateTime('UTC'),           -- in which the calls ended
    made_at                 DateTime64(6, 'UTC'),      -- when the run began
    run_id                  UUID,
    digest                  UInt64,                    -- of the features; 0 of an hour that has no calls any more
    calls                   UInt32,                    -- 0 of an hour that has none any more
    answered                UInt32,
    seconds                 UInt64,
    short_calls             UInt32,
    long_calls              UInt32,
    callees                 UInt32,
    new_callees             UInt32,
    top_callee_share        Float64,
    callee_entropy          Float64,
    top_block_share         Nullable(Float64),
    block_entropy           Nullable(Float64),
    most_legs               UInt32,
    hours_up                Array(DateTime('UTC')),
    sequential_callees      UInt32,
    toll_free_calls         UInt32,
    toll_free_seconds       UInt64,
    high_cost_calls         UInt32,
    high_cost_seconds       UInt64,
    plus_one_abroad_calls   UInt32,
    plus_one_abroad_seconds UInt64,
    addon_seconds           Nullable(UInt64),
    exposure_amount         Decimal(18, 6)
)
ENGINE = MergeTree
ORDER BY (tenant_id, organizer_id, hour, made_at);

-- One row a run, once all its rows are there.
CREATE TABLE IF NOT EXISTS organizer_hour_runs
(
    run_id   UUID,
    made_at  DateTime64(6, 'UTC'), -- when it began: what was stored by then it has seen
    whole    Bool,                 -- all hours anew, or those that records stored since have touched
    terms    String,               -- a digest of what the features depend on beside usage and licences
    changed  UInt64,               -- records that were looked at because they were new or replaced
    ended_at DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (made_at, run_id);

-- Each hour as the newest run that counts has it.
CREATE VIEW IF NOT EXISTS organizer_hours AS
SELECT
    tenant_id, organizer_id, hour,
    newest.1 AS digest,
    newest.2 AS calls, newest.3 AS answered, newest.4 AS seconds, newest.5 AS short_calls, newest.6 AS long_calls,
    newest.7 AS callees, newest.8 AS new_callees,
    newest.9 AS top_callee_share, newest.10 AS callee_entropy, newest.11 AS top_block_share, newest.12 AS block_entropy,
    newest.13 AS most_legs, newest.14 AS hours_up, newest.15 AS sequential_callees,
    newest.16 AS toll_free_calls, newest.17 AS toll_free_seconds, newest.18 AS high_cost_calls, newest.19 AS high_cost_seconds,
    newest.20 AS plus_one_abroad_calls, newest.21 AS plus_one_abroad_seconds,
    newest.22 AS addon_seconds, newest.23 AS exposure_amount
FROM
(
    SELECT
        tenant_id, organizer_id, hour,
        argMax(
            (r.digest, r.calls, r.answered, r.seconds, r.short_calls, r.long_calls, r.callees, r.new_callees, r.top_callee_share,
            r.callee_entropy, r.top_block_share, r.block_entropy, r.most_legs, r.hours_up, r.sequential_callees, r.toll_free_calls,
            r.toll_free_seconds, r.high_cost_calls, r.high_cost_seconds, r.plus_one_abroad_calls, r.plus_one_abroad_seconds,
            r.addon_seconds, r.exposure_amount), (r.made_at, r.run_id)) AS newest
    FROM organizer_hour_rows AS r
    WHERE r.run_id IN (SELECT run_id FROM organizer_hour_runs WHERE made_at >= (SELECT max(w.made_at) FROM organizer_hour_runs AS w WHERE w.whole))
    GROUP BY tenant_id, organizer_id, hour
)
WHERE calls > 0;
