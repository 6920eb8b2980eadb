-- The time zones that come into question in a country ('' is none known).
CREATE TABLE {table:Identifier}
(
    country String,
    nth     UInt16,         -- the first one is where most people live
    zones   UInt16,         -- how many come into question
    zone    String,
    weekend Array(UInt8),   -- days of the week; Monday is 1
    since   DateTime('UTC'),
    ahead   Int16           -- of UTC, in minutes, from then on
)
ENGINE = Memory
