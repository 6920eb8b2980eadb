-- What each source brought: its counts, when it last brought something new, and how long it
-- has been silent at most since a moment. The ledger's actor names the source.
SELECT
    l.actor AS actor,
    sum(l.read) AS read,
    sum(l.accepted) AS accepted,
    sum(l.duplicate) AS duplicate,
    sum(l.ignored) AS ignored,
    sum(l.rejected) AS rejected,
    max(l.at) AS last_receipt,
    maxIf(l.at, l.accepted + l.ignored > 0) AS last_new,
    arraySort(groupArrayIf(toUnixTimestamp(l.at), l.accepted + l.ignored > 0 AND l.at >= {since:DateTime})) AS arrivals,
    toUInt64(length(arrivals)) AS recent,
    toInt64(if(recent < 2, 0, arrayMax(arrayDifference(arrivals)))) AS longest_silence
FROM ingest_ledger AS l
WHERE startsWith(l.actor, 'source:') AND l.state IN ('finished', 'failed')
GROUP BY actor
ORDER BY actor
