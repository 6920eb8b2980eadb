-- Tables, and views with what they are made of.
SELECT name, engine, as_select
FROM system.tables
WHERE database = currentDatabase()
