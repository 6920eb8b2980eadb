SELECT count() AS changed, min(started_at) AS first FROM {about:Identifier}
