-- Tables that commands write and events never do: what maps, stages, touchpoints, places and sources are called and what is known of them,
-- which quarantined records are settled, and which views were made. Registering again appends; the newest row of a key counts (a map and
-- version never changes its content).

CREATE TABLE IF NOT EXISTS journey_raw.maps
(
    map LowCardinality(String) COMMENT 'Id of the journey map',
    version UInt32 COMMENT 'Its version; a (map, version) never changes its content',
    content_hash String COMMENT 'Hash of the content: a worker with other content refuses to start',
    title String COMMENT 'Title for readers',
    description String COMMENT 'What the map is for; may be empty',
    stages UInt8 COMMENT 'Number of stages',
    content String COMMENT 'The whole map as JSON' CODEC(ZSTD(1)),
    registered_at DateTime64(6, 'UTC') COMMENT 'When it was registered first'
)
ENGINE = MergeTree ORDER BY (map, version)
COMMENT 'Journey maps; the row of a map is written last, so that what hangs on it is there';

CREATE TABLE IF NOT EXISTS journey_raw.map_changes
(
    number UInt64 COMMENT 'Number of the change, from 1; each has a new one, also where a map that was dropped stands again',
    map LowCardinality(String) COMMENT 'Id of the journey map',
    version UInt32 COMMENT 'Its version',
    state LowCardinality(String) COMMENT 'stands: events are attached under it from now on; dropped: its rows are retracted, and views leave it out',
    changed_at DateTime64(6, 'UTC') COMMENT 'When'
)
ENGINE = MergeTree ORDER BY number
COMMENT 'Which versions of which maps the workers attach events under; the newest row of a map and version counts';

CREATE TABLE IF NOT EXISTS journey_raw.shown_maps
(
    map LowCardinality(String) COMMENT 'Id of the journey map',
    version UInt32 COMMENT 'The version of it that readers see from then on',
    change UInt64 COMMENT 'Number of the change of maps by which it stands: all events are attached under it',
    is_default UInt8 COMMENT '1 when it is also the map by which touchpoints, answers, orders and unmapped are shown',
    shown_at DateTime64(6, 'UTC') COMMENT 'The newest row of a map counts, and of all rows with is_default the newest one'
)
ENGINE = MergeTree ORDER BY shown_at
COMMENT 'Which version of each map readers were switched to, and which map is the default; a switch is one row';

CREATE OR REPLACE VIEW journey_raw.hidden_maps
(
    map String COMMENT 'Id of the journey map',
    version UInt32 COMMENT 'Its version'
)
COMMENT 'Versions of maps that no view shows: dropped ones, and those under which not all events are attached yet'
AS SELECT map, version
FROM
(
    SELECT map, version, max(number) AS change, argMax(state, number) = 'dropped' AS is_dropped, toUInt64(0) AS shown
    FROM journey_raw.map_changes GROUP BY map, version
    UNION ALL
    SELECT map, version, toUInt64(0), toUInt8(0), max(change) FROM journey_raw.shown_maps GROUP BY map, version
)
GROUP BY map, version
HAVING max(is_dropped) OR max(change) > max(shown);

CREATE TABLE IF NOT EXISTS journey_raw.erasures
(
    number UInt64 COMMENT 'Number of the row, from 1; workers follow the rows in this order',
    request String COMMENT 'Id of the request that it belongs to',
    how LowCardinality(String) COMMENT 'erase: its events leave every count; anonymise: they count on, as nobody''s',
    identifier String COMMENT 'Person key of one identifier of the person; empty when the request is done',
    identifier_type LowCardinality(String) COMMENT 'Type of that identifier',
    digest String COMMENT 'What remains of the identifier: hex of its HMAC under the erasure secret',
    secret_id LowCardinality(String) COMMENT 'Which erasure secret that was',
    after_time DateTime64(6, 'UTC') COMMENT 'What happened after this is meant: 1970 but for a device of several persons',
    until_time DateTime64(6, 'UTC') COMMENT 'And what happened up to this, whenever it comes',
    asked_at DateTime64(6, 'UTC') COMMENT 'When it was asked for'
)
ENGINE = MergeTree ORDER BY number
COMMENT 'Identifiers of persons to be erased, and what remains of them; rows are added and never leave';

CREATE TABLE IF NOT EXISTS journey_raw.erasure_states
(
    request String COMMENT 'Id of the request',
    state LowCardinality(String) COMMENT 'asked, then retracted (nothing of it counts), then done (nothing of it is left)',
    at DateTime64(6, 'UTC') COMMENT 'When',
    certificate String COMMENT 'Of done the certificate as JSON; it names nobody' CODEC(ZSTD(1))
)
ENGINE = MergeTree ORDER BY (request, at)
COMMENT 'How far requests to erase have come; the newest row of a request counts';

CREATE TABLE IF NOT EXISTS journey_raw.hub_limits
(
    neighbours UInt32 COMMENT 'How many identifiers one may be linked with before its links count for nothing: the setting hub_neighbours',
    set_at DateTime64(6, 'UTC') COMMENT 'The newest row counts'
)
ENGINE = MergeTree ORDER BY set_at
COMMENT 'The setting hub_neighbours as the workers take it; a worker that starts with another one appends here';

CREATE TABLE IF NOT EXISTS journey_raw.stages
(
    map LowCardinality(String) COMMENT 'Id of the journey map',
    version UInt32 COMMENT 'Its version',
    stage LowCardinality(String) COMMENT 'Id of the stage',
    stage_order UInt8 COMMENT 'Place in the map, from 1',
    name String COMMENT 'Name for readers',
    description String COMMENT 'What happens there; may be empty'
)
ENGINE = MergeTree ORDER BY (map, version, stage_order)
COMMENT 'Stages of the journey maps';

CREATE TABLE IF NOT EXISTS journey_raw.touchpoints
(
    map LowCardinality(String) COMMENT 'Id of the journey map',
    version UInt32 COMMENT 'Its version',
    touchpoint LowCardinality(String) COMMENT 'Id of the touchpoint, as events carry it',
    name String COMMENT 'Name for readers',
    channel LowCardinality(String) COMMENT 'Channel of the touchpoint',
    is_online UInt8 COMMENT '1 when online',
    ownership LowCardinality(String) COMMENT 'owned, earned or paid',
    observability LowCardinality(String) COMMENT 'traceable, survey_only or unobservable',
    owner String COMMENT 'Who answers for it; may be empty',
    description String COMMENT 'What it is; may be empty'
)
ENGINE = MergeTree ORDER BY (map, version, touchpoint)
COMMENT 'Touchpoints of the journey maps';

CREATE TABLE IF NOT EXISTS journey_raw.places
(
    place LowCardinality(String) COMMENT 'Id of the place, as events carry it',
    name String COMMENT 'Name for readers; may be empty',
    kind LowCardinality(String) COMMENT 'shop, kiosk, branch, ...; may be empty',
    zone LowCardinality(String) COMMENT 'IANA zone of its local days; may be empty',
    city String COMMENT 'City; may be empty',
    region String COMMENT 'State or region; may be empty',
    country LowCardinality(String) COMMENT 'ISO 3166 country; may be empty',
    registered_at DateTime64(6, 'UTC') COMMENT 'The newest row of a place counts'
)
ENGINE = MergeTree ORDER BY (place, registered_at)
COMMENT 'Places';

CREATE TABLE IF NOT EXISTS journey_raw.sources
(
    source LowCardinality(String) COMMENT 'Id of the source, as events carry it',
    name String COMMENT 'Name for readers; may be empty',
    zone LowCardinality(String) COMMENT 'IANA zone of its times without offset; may be empty',
    legal_basis LowCardinality(String) COMMENT 'Legal basis on which its events are kept',
    brand LowCardinality(String) COMMENT 'Brand of its events; may be empty',
    channel LowCardinality(String) COMMENT 'Channel of its events; may be empty',
    retention_days UInt32 COMMENT 'Term after which its events go; 0 for none',
    registered_at DateTime64(6, 'UTC') COMMENT 'The newest row of a source counts'
)
ENGINE = MergeTree ORDER BY (source, registered_at)
COMMENT 'Sources of events, as sources.yaml declares them';

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

CREATE TABLE IF NOT EXISTS journey_raw.readings
(
    read_at DateTime64(6, 'UTC') COMMENT 'When what people wrote was read: just before it was shown' CODEC(Delta, LZ4),
    way LowCardinality(String) COMMENT 'comments (the command), page (the dashboard) or export (all that is kept of one person)',
    reader String COMMENT 'Who: of a command the user of the operating system, of the page the name of the key',
    filters Map(LowCardinality(String), String) COMMENT 'What was asked for, by filter. Words that were looked for are counted and not kept, a person stands in person_digest',
    person_digest String COMMENT 'When one person was asked for: a digest of the person key, by which its readings are found and no person is; empty otherwise',
    opened UInt32 COMMENT 'How many texts were decrypted',
    shown UInt32 COMMENT 'How many of them were shown',
    login LowCardinality(String) MATERIALIZED currentUser() COMMENT 'User of ClickHouse who wrote this row: the server says so, no client can'
)
ENGINE = MergeTree ORDER BY read_at
COMMENT 'Who has read what people wrote, when and which; rows are only appended, and nothing of the texts is kept here';

CREATE TABLE IF NOT EXISTS journey_raw.view_files
(
    view String COMMENT 'Name of the view, with its database',
    hash String COMMENT 'Hash of the file that it was made from; empty when it was dropped',
    release String COMMENT 'Release of touchline that made or dropped it: an older one leaves the views alone',
    applied_at DateTime64(6, 'UTC') COMMENT 'The newest row of a view counts'
)
ENGINE = MergeTree ORDER BY (view, applied_at)
COMMENT 'From which files the views were made; touchline migrate appends here';
