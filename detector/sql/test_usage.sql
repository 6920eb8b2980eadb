-- The usage of a rule's unit test: the columns that the feature views read.
CREATE TABLE {table:Identifier}
(
    tenant_id           LowCardinality(String),
    organizer_id        String,
    usage_id            String,
    conference_id       String,
    callee_number       String,
    destination_country LowCardinality(String),
    destination_class   LowCardinality(String),
    npa_nxx             LowCardinality(String),
    high_cost           Bool,
    masked              Bool,
    started_at          DateTime64(7, 'UTC'),
    ended_at            DateTime64(7, 'UTC'),
    seconds             UInt32,
    is_conf_out         Bool,
    destination_region  LowCardinality(String)
)
ENGINE = Memory
