-- The three databases, the writers' fence and the ledger: one table that holds every fate, fact and progress mark.
-- A batch of one stream is one INSERT, hence one part, hence atomic; no PARTITION BY, since a block over two
-- partitions would be two parts. Every statement may run twice: ClickHouse has no transaction over DDL.

CREATE DATABASE IF NOT EXISTS journey_raw COMMENT 'The pipeline''s own tables; not granted to readers';
CREATE DATABASE IF NOT EXISTS journey COMMENT 'Views and reference tables: all that BI tools read';
CREATE DATABASE IF NOT EXISTS journey_api COMMENT 'Views apart from those that BI tools list: the events behind every KPI, parameterized views';

-- A Join table, because the ledger's CHECK asks it with joinGet in the moment of the insert.
CREATE TABLE IF NOT EXISTS journey_raw.fence
(
    stream String COMMENT 'Topic, topic incarnation and partition: <topic>/<topic id>/<partition>',
    generation UInt64 COMMENT 'Group generation that owns the stream; only a higher one may replace it',
    writer String COMMENT 'Worker that owns the stream; its marks alone pass the CHECK of the ledger'
)
ENGINE = Join(ANY, LEFT, stream)
SETTINGS join_any_take_last_row = 1, persistent = 1
COMMENT 'Which writer may mark progress in which stream';

CREATE TABLE IF NOT EXISTS journey_raw.ledger
(
    -- position and sign
    stream LowCardinality(String) COMMENT 'Topic, topic incarnation and partition: <topic>/<topic id>/<partition>',
    insert_number UInt64 COMMENT 'Number of the insert within the stream, from 1, without gaps' CODEC(Delta, LZ4),
    kind LowCardinality(String) COMMENT 'received, attached, link, unlink, handoff, away, claim, release, look or mark',
    offset Int64 COMMENT 'Kafka offset of the record; of a mark the last offset it accounts for' CODEC(Delta, LZ4),
    sign Int8 COMMENT '+1 asserts the row, -1 retracts the +1 row with the same row_id',
    row_id UInt64 COMMENT 'Unique per +1 row: partition << 52 | insert number << 20 | ordinal; its -1 repeats it' CODEC(Delta, LZ4),
    stored_time DateTime64(3, 'UTC') COMMENT 'When the worker built the insert' CODEC(Delta, LZ4),

    -- fate of a record
    fate LowCardinality(String) COMMENT 'stored, duplicate, superseded, quarantined, suppressed or erased',
    reason LowCardinality(String) COMMENT 'Why a record is quarantined or suppressed (closed set); empty otherwise',
    field LowCardinality(String) COMMENT 'Path of the offending field; empty when no single field offends',

    -- event
    event_type LowCardinality(String) COMMENT 'touchline.touchpoint.v1, touchline.answer.v1, ...: the ce_type of the record',
    source LowCardinality(String) COMMENT 'System that sent the event; with event_id the identity of the event',
    event_id String COMMENT 'Id of the event within its source' CODEC(ZSTD(1)),
    revision UInt32 COMMENT 'Of one (source, event_id) the highest revision counts',
    completeness UInt64 COMMENT 'Of versions of one answer the highest counts: disposition (4 bits), filled fields (8), microseconds since 1970 (52)',
    payload_hash UInt64 COMMENT 'First 8 bytes of BLAKE2b over the canonical JSON without received_at' CODEC(NONE),
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened, clock skew corrected' CODEC(Delta, ZSTD(1)),
    received_time DateTime64(6, 'UTC') COMMENT 'When the sender''s side received it' CODEC(Delta, ZSTD(1)),
    clock_correction_us Int64 COMMENT 'event_time minus the time as sent, in microseconds',
    span_us Int64 COMMENT 'Up to how many microseconds after event_time it may have happened: 999999 where its source knows seconds, 0 where it is exact',
    local_date Date COMMENT 'Day in the zone of the place, else of the company; of an answer the day of about_time' CODEC(Delta, LZ4),
    zone LowCardinality(String) COMMENT 'IANA zone in which local_date was taken',

    -- person and consent
    identifier String COMMENT 'Person key under which the event was sent; empty when the event names nobody' CODEC(ZSTD(1)),
    identifier_type LowCardinality(String) COMMENT 'Type of that identifier: anonymous, login, card, ...',
    linked_identifier String COMMENT 'Other end of a link or unlink' CODEC(ZSTD(1)),
    linked_identifier_type LowCardinality(String) COMMENT 'Type of that other end',
    person String COMMENT 'Person key of the whole person: the smallest of the linked ones' CODEC(ZSTD(1)),
    consent_id String COMMENT 'Consent under which the event was sent, or which a consent event is about; empty when the source needs none' CODEC(ZSTD(1)),
    purposes LowCardinality(String) COMMENT 'Purposes of that consent, sorted, joined by commas',

    -- dimensions (received: as sent; attached: as decided)
    touchpoint LowCardinality(String) COMMENT 'Touchpoint; of an answer the one it is about',
    action LowCardinality(String) COMMENT 'What the person did there; may be empty',
    channel LowCardinality(String) COMMENT 'Channel: the event''s, else the map''s; may be empty',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events',
    provenance LowCardinality(String) COMMENT 'observed, or declared by the person afterwards',
    campaign LowCardinality(String) COMMENT 'Campaign; may be empty',
    brand LowCardinality(String) COMMENT 'Brand: the event''s, else the source''s; may be empty',
    place LowCardinality(String) COMMENT 'Id of the place (shop, kiosk, ...); may be empty',
    persona LowCardinality(String) COMMENT 'Persona as of the event; may be empty',
    segment LowCardinality(String) COMMENT 'Segment as of the event; may be empty',

    -- journey (attached)
    map LowCardinality(String) COMMENT 'Journey map that attached the row',
    map_version UInt32 COMMENT 'Version of that map',
    stage LowCardinality(String) COMMENT 'Stage decided; empty when the touchpoint is unmapped',
    stage_order UInt8 COMMENT 'Place of the stage in the map, from 1; 0 when unmapped',
    is_mapped UInt8 COMMENT '1 when a rule or the catalogue of the map decided the stage',
    cycle UInt32 COMMENT 'Journey cycle of the person, from 1; 0 for an event that moves no journey',
    transition LowCardinality(String) COMMENT 'enter, advance, skip, return or stay; empty when no journey moves',
    touchpoint_number UInt32 COMMENT 'Number of the touchpoint within person and map, from 1; 0 when no journey moves',
    wait_us Int64 COMMENT 'Microseconds since the person''s touchpoint before; 0 for the first' CODEC(ZSTD(1)),
    is_conversion UInt8 COMMENT '1 when the event converts its journey cycle',
    rule LowCardinality(String) COMMENT 'Id of the rule that decided the stage',
    evidence LowCardinality(String) COMMENT 'What the rule saw',
    first_of UInt16 COMMENT 'Bits, first in local_date: of the person 1 map, 2 touchpoint, 4 stage, 8 channel; of the journey 16, 32, 64, 128',
    stage_max_before UInt8 COMMENT 'Highest stage of the journey cycle before this row; 0 for none',
    stage_max UInt8 COMMENT 'Highest stage of the journey cycle with this row',
    funnel_before UInt8 COMMENT 'Stages 1..k passed in order before this row',
    funnel_depth UInt8 COMMENT 'Stages 1..k passed in order with this row',
    churn_due_at DateTime('UTC') COMMENT 'When the person counts as churned unless seen again; 0 when the map sets no term' CODEC(Delta, ZSTD(1)),

    record_partition UInt16 COMMENT 'Of an attached row the partition of its record: another than that of the stream where the identifier was handed over',

    -- answer
    survey LowCardinality(String) COMMENT 'Survey of the answer',
    question LowCardinality(String) COMMENT 'Question id, the same in every language',
    question_version LowCardinality(String) COMMENT 'Version of its wording',
    language LowCardinality(String) COMMENT 'Language asked in',
    kpi LowCardinality(String) COMMENT 'KPI that the question feeds; empty for other questions',
    variant LowCardinality(String) COMMENT 'Formula variant; empty means the default of the KPI catalogue',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint); never pooled',
    scale_min Int16 COMMENT 'Lowest score that could be given',
    scale_max Int16 COMMENT 'Highest score that could be given',
    score Float64 COMMENT 'Score given; meaningless unless has_score',
    has_score UInt8 COMMENT '1 when a score was given',
    disposition LowCardinality(String) COMMENT 'What became of the question: complete, partial, shown, dismissed, ...',
    sampling_probability Float64 COMMENT 'Probability with which the person was asked',
    about_time DateTime64(6, 'UTC') COMMENT 'When the touchpoint happened that the answer is about (attached: of the event that it names); of a consent event, from when on it holds' CODEC(Delta, ZSTD(1)),
    about_source LowCardinality(String) COMMENT 'Source of the event that the answer is about; may be empty',
    about_event_id String COMMENT 'Id of the event that the answer is about; may be empty' CODEC(ZSTD(1)),
    answered_date Date COMMENT 'Day on which the answer was given, in the zone of local_date' CODEC(Delta, LZ4),
    about_own UInt8 COMMENT 'What the answer says itself and does not take from the event that it names: 1 time, 2 zone, 4 brand; 8 when it names one',

    -- order
    amount_minor Int64 COMMENT 'Paid amount, tax included, in minor units; negative for a refund; of an attached answer that of the event that it names',
    currency LowCardinality(String) COMMENT 'ISO 4217 currency; empty when the event has no amount',
    currency_exponent UInt8 COMMENT 'Digits after the point of that currency: 2 for USD, 0 for JPY',
    order_id String COMMENT 'Order that the event names; may be empty' CODEC(ZSTD(1)),
    order_kind LowCardinality(String) COMMENT 'purchase or refund; empty when there is no order',

    -- kept text
    properties Map(LowCardinality(String), String) COMMENT 'Other properties of the event, as text: what attach and a rebuild need',
    comment String COMMENT 'Free text of an answer, AES-GCM' CODEC(ZSTD(1)),
    payload String COMMENT 'Original bytes of a quarantined record, AES-GCM; gone 90 days after they were stored' CODEC(ZSTD(1)) TTL toDateTime(stored_time) + INTERVAL 90 DAY,
    cipher_key_id LowCardinality(String) COMMENT 'Key with which comment and payload are encrypted',

    -- progress (mark) and identity (handoff)
    writer LowCardinality(String) COMMENT 'Worker that wrote the mark',
    generation UInt64 COMMENT 'Group generation under which it wrote',
    first_offset Int64 COMMENT 'First offset that the mark accounts for',
    gaps UInt64 COMMENT 'Offsets of the mark that hold no record (compaction, transactions, retention)',
    fate_counts Map(LowCardinality(String), Int64) COMMENT 'Net change of each fate by this insert, and of received',
    cursors Map(LowCardinality(String), UInt64) COMMENT 'Per stream the number of the insert up to which the writer has read it',
    map_change UInt64 COMMENT 'Number of the change of maps for which the writer walks, or has walked, its identifiers',
    walked_to String COMMENT 'How far that walk has come: a phase (i, identifiers; n, events of nobody; end) and a place in it',
    erasure UInt64 COMMENT 'Number of the newest request to erase that the writer has followed in this stream',
    handoff_to UInt16 COMMENT 'Partition to which the right to publish the identifier moves',
    handoff_number UInt32 COMMENT 'Number of the handoff of that identifier, from 1',

    -- Only the owner of the stream may mark progress: an insert of any other worker fails as a whole (error 469).
    CONSTRAINT fence CHECK kind != 'mark' OR (
        joinGet('journey_raw.fence', 'generation', stream) = generation AND joinGet('journey_raw.fence', 'writer', stream) = writer)
)
ENGINE = MergeTree
ORDER BY (stream, insert_number, kind, offset)
COMMENT 'Every fate, fact and progress mark as signed rows; KPIs are sums over its projections';
