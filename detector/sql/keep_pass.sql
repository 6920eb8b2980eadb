INSERT INTO detection_passes (pass_id, at, whole, began_at, fingerprint, ended_at)
SELECT {pass:UUID}, {at:DateTime64(3)}, {whole:Bool}, fromUnixTimestamp64Micro({began_us:Int64}, 'UTC'), {fingerprint:String}, now64(6)
