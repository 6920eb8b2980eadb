INSERT INTO organizer_hour_runs (run_id, made_at, whole, terms, changed, ended_at)
SELECT {run:UUID}, fromUnixTimestamp64Micro({made_us:Int64}, 'UTC'), {whole:Bool}, {terms:String}, {changed:UInt64}, now64(6)
