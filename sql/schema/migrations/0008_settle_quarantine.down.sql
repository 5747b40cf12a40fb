-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.

DROP VIEW IF EXISTS journey.quarantine_settled;

CREATE OR REPLACE VIEW journey.quarantine
(
    received_at DateTime64(6, 'UTC') COMMENT 'When the sender''s side received it, else when it was stored (UTC)',
    topic LowCardinality(String) COMMENT 'Kafka topic',
    partition UInt32 COMMENT 'Kafka partition',
    offset Int64 COMMENT 'Kafka offset',
    source LowCardinality(Nullable(String)) COMMENT 'Source, as far as it could be read; NULL otherwise',
    reason LowCardinality(String) COMMENT 'Why (closed set, see docs)',
    field LowCardinality(Nullable(String)) COMMENT 'Path of the offending field; NULL when no single field offends'
)
SQL SECURITY DEFINER
COMMENT 'One row per record that is kept out, with the reason'
AS SELECT
    if(toUnixTimestamp64Micro(received_time) = 0, toDateTime64(stored_time, 6, 'UTC'), received_time) AS received_at,
    splitByChar('/', toString(stream))[1] AS topic,
    toUInt32(splitByChar('/', toString(stream))[3]) AS partition,
    offset,
    nullIf(source, '') AS source,
    reason,
    nullIf(field, '') AS field
FROM 
(
    SELECT * FROM journey_raw.ledger
    WHERE kind = 'received' AND fate = 'quarantined'
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
);

DROP TABLE IF EXISTS journey_raw.settlements SYNC;
