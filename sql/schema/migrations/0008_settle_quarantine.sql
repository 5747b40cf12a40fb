-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.
-- Views that are new or differ from those before.

CREATE TABLE IF NOT EXISTS journey_raw.settlements
(
    stream LowCardinality(String) COMMENT 'Topic, topic incarnation and partition of the quarantined record',
    offset Int64 COMMENT 'Its Kafka offset',
    outcome LowCardinality(String) COMMENT 'replayed, repeated or discarded',
    note String COMMENT 'Why it was discarded; of a replay the record that brought the event, or that it was there already',
    settled_at DateTime64(6, 'UTC') COMMENT 'The first settlement of a record counts'
)
ENGINE = MergeTree ORDER BY (stream, offset)
COMMENT 'Quarantined records that need nobody any more; only commands write here, and they only append';

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
COMMENT 'One row per record that is kept out and not settled, with the reason'
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
      AND (stream, offset) NOT IN (SELECT stream, offset FROM journey_raw.settlements)
);

CREATE OR REPLACE VIEW journey.quarantine_settled
(
    received_at DateTime64(6, 'UTC') COMMENT 'When the sender''s side received it, else when it was stored (UTC)',
    topic LowCardinality(String) COMMENT 'Kafka topic',
    partition UInt32 COMMENT 'Kafka partition',
    offset Int64 COMMENT 'Kafka offset',
    source LowCardinality(Nullable(String)) COMMENT 'Source, as far as it could be read; NULL otherwise',
    reason LowCardinality(String) COMMENT 'Why (closed set, see docs)',
    field LowCardinality(Nullable(String)) COMMENT 'Path of the offending field; NULL when no single field offends',
    outcome LowCardinality(String) COMMENT 'replayed (its event is in the ledger), repeated (a replay that was refused once more) or discarded',
    note String COMMENT 'Why it was discarded; of a replay the record that brought the event, or that it was there already',
    settled_at DateTime64(6, 'UTC') COMMENT 'When it was settled (UTC)'
)
SQL SECURITY DEFINER
COMMENT 'One row per quarantined record that was replayed or discarded'
AS SELECT
    if(toUnixTimestamp64Micro(received_time) = 0, toDateTime64(stored_time, 6, 'UTC'), received_time) AS received_at,
    splitByChar('/', toString(stream))[1] AS topic,
    toUInt32(splitByChar('/', toString(stream))[3]) AS partition,
    offset,
    nullIf(source, '') AS source,
    reason,
    nullIf(field, '') AS field,
    settled_as AS outcome,
    settled_note AS note,
    settled_since AS settled_at
FROM 
(
    SELECT * FROM journey_raw.ledger
    WHERE kind = 'received' AND fate = 'quarantined'
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
) AS quarantined
INNER JOIN (
    SELECT
        stream, offset, argMin(outcome, settled_at) AS settled_as, argMin(note, settled_at) AS settled_note,
        min(settled_at) AS settled_since
    FROM journey_raw.settlements
    GROUP BY stream, offset
) AS settled USING (stream, offset);
