-- The licences of a rule's unit test.
CREATE TABLE {table:Identifier}
(
    tenant_id       LowCardinality(String),
    organizer_id    String,
    service_plan_id LowCardinality(String),
    held_from       DateTime64(3, 'UTC'),
    held_to         DateTime64(3, 'UTC')
)
ENGINE = Memory
