-- What tables consist of. A part never changes: what is added, deleted or changed is in other
-- parts, under names that no part had before.
SELECT
    table,
    toString((count(), sum(cityHash64(name, rows, bytes_on_disk, modification_time)))) AS state
FROM system.parts
WHERE database = currentDatabase() AND active
GROUP BY table
