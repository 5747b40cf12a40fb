CREATE TABLE journey_raw.erasure_states
(
    `request` String COMMENT 'Id of the request',
    `state` LowCardinality(String) COMMENT 'asked, then retracted (nothing of it counts), then done (nothing of it is left)',
    `at` DateTime64(6, 'UTC') COMMENT 'When',
    `certificate` String COMMENT 'Of done the certificate as JSON; it names nobody' CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (request, at)
SETTINGS index_granularity = 8192
COMMENT 'How far requests to erase have come; the newest row of a request counts'

CREATE TABLE journey_raw.erasures
(
    `number` UInt64 COMMENT 'Number of the row, from 1; workers follow the rows in this order',
    `request` String COMMENT 'Id of the request that it belongs to',
    `how` LowCardinality(String) COMMENT 'erase: its events leave every count; anonymise: they count on, as nobody\'s',
    `identifier` String COMMENT 'Person key of one identifier of the person; empty when the request is done',
    `identifier_type` LowCardinality(String) COMMENT 'Type of that identifier',
    `digest` String COMMENT 'What remains of the identifier: hex of its HMAC under the erasure secret',
    `secret_id` LowCardinality(String) COMMENT 'Which erasure secret that was',
    `after_time` DateTime64(6, 'UTC') COMMENT 'What happened after this is meant: 1970 but for a device of several persons',
    `until_time` DateTime64(6, 'UTC') COMMENT 'And what happened up to this, whenever it comes',
    `asked_at` DateTime64(6, 'UTC') COMMENT 'When it was asked for'
)
ENGINE = MergeTree
ORDER BY number
SETTINGS index_granularity = 8192
COMMENT 'Identifiers of persons to be erased, and what remains of them; rows are added and never leave'

CREATE TABLE journey_raw.fence
(
    `stream` String COMMENT 'Topic, topic incarnation and partition: <topic>/<topic id>/<partition>',
    `generation` UInt64 COMMENT 'Group generation that owns the stream; only a higher one may replace it',
    `writer` String COMMENT 'Worker that owns the stream; its marks alone pass the CHECK of the ledger'
)
ENGINE = Join(ANY, LEFT, stream)
SETTINGS join_any_take_last_row = 1, persistent = 1
COMMENT 'Which writer may mark progress in which stream'

CREATE VIEW journey_raw.hidden_maps
(
    `map` String COMMENT 'Id of the journey map',
    `version` UInt32 COMMENT 'Its version'
)
COMMENT 'Versions of maps that no view shows: dropped ones, and those under which not all events are attached yet'
AS SELECT
    map,
    version
FROM
(
    SELECT
        map,
        version,
        max(number) AS change,
        argMax(state, number) = 'dropped' AS is_dropped,
        toUInt64(0) AS shown
    FROM journey_raw.map_changes
    GROUP BY
        map,
        version
    UNION ALL
    SELECT
        map,
        version,
        toUInt64(0),
        toUInt8(0),
        max(change)
    FROM journey_raw.shown_maps
    GROUP BY
        map,
        version
)
GROUP BY
    map,
    version
HAVING max(is_dropped) OR (max(change) > max(shown))

CREATE TABLE journey_raw.hub_limits
(
    `neighbours` UInt32 COMMENT 'How many identifiers one may be linked with before its links count for nothing: the setting hub_neighbours',
    `set_at` DateTime64(6, 'UTC') COMMENT 'The newest row counts'
)
ENGINE = MergeTree
ORDER BY set_at
SETTINGS index_granularity = 8192
COMMENT 'The setting hub_neighbours as the workers take it; a worker that starts with another one appends here'

CREATE TABLE journey_raw.ledger
(
    `stream` LowCardinality(String) COMMENT 'Topic, topic incarnation and partition: <topic>/<topic id>/<partition>',
    `insert_number` UInt64 COMMENT 'Number of the insert within the stream, from 1, without gaps' CODEC(Delta(8), LZ4),
    `kind` LowCardinality(String) COMMENT 'received, attached, link, unlink, handoff, away, claim, release, look or mark',
    `offset` Int64 COMMENT 'Kafka offset of the record; of a mark the last offset it accounts for' CODEC(Delta(8), LZ4),
    `sign` Int8 COMMENT '+1 asserts the row, -1 retracts the +1 row with the same row_id',
    `row_id` UInt64 COMMENT 'Unique per +1 row: partition << 52 | insert number << 20 | ordinal; its -1 repeats it' CODEC(Delta(8), LZ4),
    `stored_time` DateTime64(3, 'UTC') COMMENT 'When the worker built the insert' CODEC(Delta(8), LZ4),
    `fate` LowCardinality(String) COMMENT 'stored, duplicate, superseded, quarantined, suppressed or erased',
    `reason` LowCardinality(String) COMMENT 'Why a record is quarantined or suppressed (closed set); empty otherwise',
    `field` LowCardinality(String) COMMENT 'Path of the offending field; empty when no single field offends',
    `event_type` LowCardinality(String) COMMENT 'touchline.touchpoint.v1, touchline.answer.v1, ...: the ce_type of the record',
    `source` LowCardinality(String) COMMENT 'System that sent the event; with event_id the identity of the event',
    `event_id` String COMMENT 'Id of the event within its source' CODEC(ZSTD(1)),
    `revision` UInt32 COMMENT 'Of one (source, event_id) the highest revision counts',
    `completeness` UInt64 COMMENT 'Of versions of one answer the highest counts: disposition (4 bits), filled fields (8), microseconds since 1970 (52)',
    `payload_hash` UInt64 COMMENT 'First 8 bytes of BLAKE2b over the canonical JSON without received_at' CODEC(NONE),
    `event_time` DateTime64(6, 'UTC') COMMENT 'When it happened, clock skew corrected' CODEC(Delta(8), ZSTD(1)),
    `received_time` DateTime64(6, 'UTC') COMMENT 'When the sender\'s side received it' CODEC(Delta(8), ZSTD(1)),
    `clock_correction_us` Int64 COMMENT 'event_time minus the time as sent, in microseconds',
    `span_us` Int64 COMMENT 'Up to how many microseconds after event_time it may have happened: 999999 where its source knows seconds, 0 where it is exact',
    `local_date` Date COMMENT 'Day in the zone of the place, else of the company; of an answer the day of about_time' CODEC(Delta(2), LZ4),
    `zone` LowCardinality(String) COMMENT 'IANA zone in which local_date was taken',
    `identifier` String COMMENT 'Person key under which the event was sent; empty when the event names nobody' CODEC(ZSTD(1)),
    `identifier_type` LowCardinality(String) COMMENT 'Type of that identifier: anonymous, login, card, ...',
    `linked_identifier` String COMMENT 'Other end of a link or unlink' CODEC(ZSTD(1)),
    `linked_identifier_type` LowCardinality(String) COMMENT 'Type of that other end',
    `person` String COMMENT 'Person key of the whole person: the smallest of the linked ones' CODEC(ZSTD(1)),
    `consent_id` String COMMENT 'Consent under which the event was sent, or which a consent event is about; empty when the source needs none' CODEC(ZSTD(1)),
    `purposes` LowCardinality(String) COMMENT 'Purposes of that consent, sorted, joined by commas',
    `touchpoint` LowCardinality(String) COMMENT 'Touchpoint; of an answer the one it is about',
    `action` LowCardinality(String) COMMENT 'What the person did there; may be empty',
    `channel` LowCardinality(String) COMMENT 'Channel: the event\'s, else the map\'s; may be empty',
    `is_online` UInt8 COMMENT '1 when the touchpoint or its channel is online',
    `is_simulated` UInt8 COMMENT '1 for simulated events',
    `provenance` LowCardinality(String) COMMENT 'observed, or declared by the person afterwards',
    `campaign` LowCardinality(String) COMMENT 'Campaign; may be empty',
    `brand` LowCardinality(String) COMMENT 'Brand: the event\'s, else the source\'s; may be empty',
    `place` LowCardinality(String) COMMENT 'Id of the place (shop, kiosk, ...); may be empty',
    `persona` LowCardinality(String) COMMENT 'Persona as of the event; may be empty',
    `segment` LowCardinality(String) COMMENT 'Segment as of the event; may be empty',
    `map` LowCardinality(String) COMMENT 'Journey map that attached the row',
    `map_version` UInt32 COMMENT 'Version of that map',
    `stage` LowCardinality(String) COMMENT 'Stage decided; empty when the touchpoint is unmapped',
    `stage_order` UInt8 COMMENT 'Place of the stage in the map, from 1; 0 when unmapped',
    `is_mapped` UInt8 COMMENT '1 when a rule or the catalogue of the map decided the stage',
    `cycle` UInt32 COMMENT 'Journey cycle of the person, from 1; 0 for an event that moves no journey',
    `transition` LowCardinality(String) COMMENT 'enter, advance, skip, return or stay; empty when no journey moves',
    `touchpoint_number` UInt32 COMMENT 'Number of the touchpoint within person and map, from 1; 0 when no journey moves',
    `wait_us` Int64 COMMENT 'Microseconds since the person\'s touchpoint before; 0 for the first' CODEC(ZSTD(1)),
    `is_conversion` UInt8 COMMENT '1 when the event converts its journey cycle',
    `rule` LowCardinality(String) COMMENT 'Id of the rule that decided the stage',
    `evidence` LowCardinality(String) COMMENT 'What the rule saw',
    `first_of` UInt16 COMMENT 'Bits, first in local_date: of the person 1 map, 2 touchpoint, 4 stage, 8 channel; of the journey 16, 32, 64, 128',
    `stage_max_before` UInt8 COMMENT 'Highest stage of the journey cycle before this row; 0 for none',
    `stage_max` UInt8 COMMENT 'Highest stage of the journey cycle with this row',
    `funnel_before` UInt8 COMMENT 'Stages 1..k passed in order before this row',
    `funnel_depth` UInt8 COMMENT 'Stages 1..k passed in order with this row',
    `churn_due_at` DateTime('UTC') COMMENT 'When the person counts as churned unless seen again; 0 when the map sets no term' CODEC(Delta(4), ZSTD(1)),
    `record_partition` UInt16 COMMENT 'Of an attached row the partition of its record: another than that of the stream where the identifier was handed over',
    `survey` LowCardinality(String) COMMENT 'Survey of the answer',
    `question` LowCardinality(String) COMMENT 'Question id, the same in every language',
    `question_version` LowCardinality(String) COMMENT 'Version of its wording',
    `language` LowCardinality(String) COMMENT 'Language asked in',
    `kpi` LowCardinality(String) COMMENT 'KPI that the question feeds; empty for other questions',
    `variant` LowCardinality(String) COMMENT 'Formula variant; empty means the default of the KPI catalogue',
    `scope` LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint); never pooled',
    `scale_min` Int16 COMMENT 'Lowest score that could be given',
    `scale_max` Int16 COMMENT 'Highest score that could be given',
    `score` Float64 COMMENT 'Score given; meaningless unless has_score',
    `has_score` UInt8 COMMENT '1 when a score was given',
    `disposition` LowCardinality(String) COMMENT 'What became of the question: complete, partial, shown, dismissed, ...',
    `sampling_probability` Float64 COMMENT 'Probability with which the person was asked',
    `about_time` DateTime64(6, 'UTC') COMMENT 'When the touchpoint happened that the answer is about (attached: of the event that it names); of a consent event, from when on it holds' CODEC(Delta(8), ZSTD(1)),
    `about_source` LowCardinality(String) COMMENT 'Source of the event that the answer is about; may be empty',
    `about_event_id` String COMMENT 'Id of the event that the answer is about; may be empty' CODEC(ZSTD(1)),
    `answered_date` Date COMMENT 'Day on which the answer was given, in the zone of local_date' CODEC(Delta(2), LZ4),
    `about_own` UInt8 COMMENT 'What the answer says itself and does not take from the event that it names: 1 time, 2 zone, 4 brand; 8 when it names one',
    `amount_minor` Int64 COMMENT 'Paid amount, tax included, in minor units; negative for a refund; of an attached answer that of the event that it names',
    `currency` LowCardinality(String) COMMENT 'ISO 4217 currency; empty when the event has no amount',
    `currency_exponent` UInt8 COMMENT 'Digits after the point of that currency: 2 for USD, 0 for JPY',
    `order_id` String COMMENT 'Order that the event names; may be empty' CODEC(ZSTD(1)),
    `order_kind` LowCardinality(String) COMMENT 'purchase or refund; empty when there is no order',
    `properties` Map(LowCardinality(String), String) COMMENT 'Other properties of the event, as text: what attach and a rebuild need',
    `comment` String COMMENT 'Free text of an answer, AES-GCM' CODEC(ZSTD(1)),
    `payload` String COMMENT 'Original bytes of a quarantined record, AES-GCM; gone 90 days after they were stored' CODEC(ZSTD(1)) TTL toDateTime(stored_time) + toIntervalDay(90),
    `cipher_key_id` LowCardinality(String) COMMENT 'Key with which comment and payload are encrypted',
    `writer` LowCardinality(String) COMMENT 'Worker that wrote the mark',
    `generation` UInt64 COMMENT 'Group generation under which it wrote',
    `first_offset` Int64 COMMENT 'First offset that the mark accounts for',
    `gaps` UInt64 COMMENT 'Offsets of the mark that hold no record (compaction, transactions, retention)',
    `fate_counts` Map(LowCardinality(String), Int64) COMMENT 'Net change of each fate by this insert, and of received',
    `cursors` Map(LowCardinality(String), UInt64) COMMENT 'Per stream the number of the insert up to which the writer has read it',
    `map_change` UInt64 COMMENT 'Number of the change of maps for which the writer walks, or has walked, its identifiers',
    `walked_to` String COMMENT 'How far that walk has come: a phase (i, identifiers; n, events of nobody; end) and a place in it',
    `erasure` UInt64 COMMENT 'Number of the newest request to erase that the writer has followed in this stream',
    `handoff_to` UInt16 COMMENT 'Partition to which the right to publish the identifier moves',
    `handoff_number` UInt32 COMMENT 'Number of the handoff of that identifier, from 1',
    INDEX of_person person TYPE bloom_filter(0.01) GRANULARITY 1,
    CONSTRAINT fence CHECK (kind != 'mark') OR ((joinGet('journey_raw.fence', 'generation', stream) = generation) AND (joinGet('journey_raw.fence', 'writer', stream) = writer)),
    PROJECTION by_identifier
    (
        SELECT _part_offset
        ORDER BY identifier
    ) WITH SETTINGS (index_granularity = 256),
    PROJECTION by_event
    (
        SELECT _part_offset
        ORDER BY
            source,
            event_id
    ) WITH SETTINGS (index_granularity = 256),
    PROJECTION by_occasion
    (
        SELECT
            kind,
            about_own,
            about_source,
            about_event_id,
            source,
            event_id,
            identifier,
            row_id
        WHERE (((kind = 'received') AND (about_own >= 8)) OR (kind = 'mark'))
        ORDER BY
            about_event_id,
            about_source
    ),
    PROJECTION feed
    (
        SELECT
            stream,
            insert_number,
            kind,
            sign,
            row_id,
            offset,
            source,
            event_id,
            event_type,
            revision,
            payload_hash,
            completeness,
            event_time,
            identifier,
            identifier_type,
            linked_identifier,
            linked_identifier_type,
            handoff_to,
            handoff_number,
            reason
        WHERE (has(['link', 'unlink', 'handoff', 'away', 'claim', 'release', 'look'], kind) OR (kind = 'mark'))
        ORDER BY
            kind,
            stream,
            insert_number
    ),
    PROJECTION by_linked
    (
        SELECT
            kind,
            sign,
            row_id,
            source,
            event_id,
            event_time,
            identifier,
            identifier_type,
            linked_identifier,
            linked_identifier_type
        WHERE (has(['link', 'unlink'], kind) OR (kind = 'mark'))
        ORDER BY linked_identifier
    ),
    PROJECTION merged
    (
        SELECT
            kind,
            sign,
            row_id,
            identifier,
            person
        WHERE (((kind = 'attached') AND (person != identifier)) OR (kind = 'mark'))
        ORDER BY person
    ),
    PROJECTION retracted
    (
        SELECT row_id
        WHERE ((sign = -1) OR (kind = 'mark'))
        ORDER BY row_id
    ),
    PROJECTION account
    (
        SELECT
            stream,
            count(),
            max(insert_number),
            min(first_offset),
            max(offset),
            sum(gaps),
            sumMap(fate_counts)
        WHERE kind = 'mark'
        GROUP BY stream
    ),
    PROJECTION volume_1h
    (
        SELECT
            toStartOfHour(event_time) AS bucket,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            provenance = 'declared' AS is_declared,
            map,
            map_version,
            stage,
            stage_order,
            sum(sign) AS events
        WHERE (((kind = 'attached') AND (event_type = 'touchline.touchpoint.v1')) OR (kind = 'mark'))
        GROUP BY
            bucket,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            is_declared,
            map,
            map_version,
            stage,
            stage_order
    ),
    PROJECTION volume_1d
    (
        SELECT
            local_date AS bucket,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            brand,
            place,
            persona,
            segment,
            provenance = 'declared' AS is_declared,
            map,
            map_version,
            stage,
            stage_order,
            sum(sign) AS events
        WHERE (((kind = 'attached') AND (event_type = 'touchline.touchpoint.v1')) OR (kind = 'mark'))
        GROUP BY
            bucket,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            brand,
            place,
            persona,
            segment,
            is_declared,
            map,
            map_version,
            stage,
            stage_order
    ),
    PROJECTION persons_1d
    (
        SELECT
            local_date AS bucket,
            map,
            map_version,
            touchpoint,
            stage,
            channel,
            sum(sign * bitTest(first_of, 0)) AS persons_map,
            sum(sign * bitTest(first_of, 1)) AS persons_touchpoint,
            sum(sign * bitTest(first_of, 2)) AS persons_stage,
            sum(sign * bitTest(first_of, 3)) AS persons_channel,
            sum(sign * bitTest(first_of, 4)) AS journeys_map,
            sum(sign * bitTest(first_of, 5)) AS journeys_touchpoint,
            sum(sign * bitTest(first_of, 6)) AS journeys_stage,
            sum(sign * bitTest(first_of, 7)) AS journeys_channel
        WHERE (((kind = 'attached') AND (event_type = 'touchline.touchpoint.v1')) OR (kind = 'mark'))
        GROUP BY
            bucket,
            map,
            map_version,
            touchpoint,
            stage,
            channel
    ),
    PROJECTION survey_1h
    (
        SELECT
            toStartOfHour(about_time) AS bucket,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            map,
            map_version,
            stage,
            stage_order,
            kpi,
            variant,
            scope,
            scale_min,
            scale_max,
            disposition,
            score,
            survey,
            question,
            question_version,
            language,
            sum(sign) AS answers
        WHERE (((kind = 'attached') AND (event_type = 'touchline.answer.v1') AND (has_score = 1)) OR (kind = 'mark'))
        GROUP BY
            bucket,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            map,
            map_version,
            stage,
            stage_order,
            kpi,
            variant,
            scope,
            scale_min,
            scale_max,
            disposition,
            score,
            survey,
            question,
            question_version,
            language
    ),
    PROJECTION survey_1d
    (
        SELECT
            local_date AS bucket,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            brand,
            place,
            persona,
            segment,
            map,
            map_version,
            stage,
            stage_order,
            kpi,
            variant,
            scope,
            scale_min,
            scale_max,
            disposition,
            score,
            survey,
            question,
            question_version,
            language,
            sum(sign) AS answers
        WHERE (((kind = 'attached') AND (event_type = 'touchline.answer.v1') AND (has_score = 1)) OR (kind = 'mark'))
        GROUP BY
            bucket,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            brand,
            place,
            persona,
            segment,
            map,
            map_version,
            stage,
            stage_order,
            kpi,
            variant,
            scope,
            scale_min,
            scale_max,
            disposition,
            score,
            survey,
            question,
            question_version,
            language
    ),
    PROJECTION revenue_1d
    (
        SELECT
            local_date AS bucket,
            currency,
            currency_exponent,
            order_kind,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            brand,
            place,
            persona,
            segment,
            map,
            map_version,
            stage,
            stage_order,
            sum(sign) AS orders,
            sum(sign * amount_minor) AS amount_minor
        WHERE (((kind = 'attached') AND (event_type = 'touchline.touchpoint.v1') AND (currency != '')) OR (kind = 'mark'))
        GROUP BY
            bucket,
            currency,
            currency_exponent,
            order_kind,
            touchpoint,
            channel,
            is_online,
            is_simulated,
            brand,
            place,
            persona,
            segment,
            map,
            map_version,
            stage,
            stage_order
    ),
    PROJECTION wait_1d
    (
        SELECT
            local_date AS bucket,
            map,
            map_version,
            stage,
            touchpoint,
            channel,
            roundToExp2(intDiv(wait_us, 1000000)) AS class,
            sum(sign) AS events
        WHERE (((kind = 'attached') AND (event_type = 'touchline.touchpoint.v1') AND (touchpoint_number > 1) AND (provenance != 'declared')) OR (kind = 'mark'))
        GROUP BY
            bucket,
            map,
            map_version,
            stage,
            touchpoint,
            channel,
            class
    ),
    PROJECTION unmapped
    (
        SELECT
            map,
            map_version,
            source,
            touchpoint,
            action,
            sum(sign) AS events
        WHERE (((kind = 'attached') AND (event_type = 'touchline.touchpoint.v1') AND (is_mapped = 0)) OR (kind = 'mark'))
        GROUP BY
            map,
            map_version,
            source,
            touchpoint,
            action
    ),
    PROJECTION journey_sums
    (
        SELECT
            map,
            map_version,
            sipHash128(person) AS who,
            cycle,
            sum(sign) AS touchpoints,
            sum(sign * is_simulated) AS simulated,
            sum(sign * (funnel_depth - funnel_before)) AS depth,
            sum(sign * (stage_max - stage_max_before)) AS highest,
            sum(sign * is_conversion) AS conversions,
            sum((sign * (transition = 'enter')) * toUnixTimestamp64Micro(event_time)) AS started_us,
            sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
            sum((sign * is_conversion) * toUnixTimestamp64Micro(event_time)) AS converted_us,
            sum(sign * (((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC'))))) - (toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC')))))) AS term_us
        WHERE (((kind = 'attached') AND (event_type = 'touchline.touchpoint.v1') AND (cycle > 0)) OR (kind = 'mark'))
        GROUP BY
            map,
            map_version,
            who,
            cycle
    )
)
ENGINE = MergeTree
ORDER BY (stream, insert_number, kind, offset)
SETTINGS index_granularity = 8192
COMMENT 'Every fate, fact and progress mark as signed rows; KPIs are sums over its projections'

CREATE TABLE journey_raw.map_changes
(
    `number` UInt64 COMMENT 'Number of the change, from 1; each has a new one, also where a map that was dropped stands again',
    `map` LowCardinality(String) COMMENT 'Id of the journey map',
    `version` UInt32 COMMENT 'Its version',
    `state` LowCardinality(String) COMMENT 'stands: events are attached under it from now on; dropped: its rows are retracted, and views leave it out',
    `changed_at` DateTime64(6, 'UTC') COMMENT 'When'
)
ENGINE = MergeTree
ORDER BY number
SETTINGS index_granularity = 8192
COMMENT 'Which versions of which maps the workers attach events under; the newest row of a map and version counts'

CREATE TABLE journey_raw.maps
(
    `map` LowCardinality(String) COMMENT 'Id of the journey map',
    `version` UInt32 COMMENT 'Its version; a (map, version) never changes its content',
    `content_hash` String COMMENT 'Hash of the content: a worker with other content refuses to start',
    `title` String COMMENT 'Title for readers',
    `description` String COMMENT 'What the map is for; may be empty',
    `stages` UInt8 COMMENT 'Number of stages',
    `content` String COMMENT 'The whole map as JSON' CODEC(ZSTD(1)),
    `registered_at` DateTime64(6, 'UTC') COMMENT 'When it was registered first'
)
ENGINE = MergeTree
ORDER BY (map, version)
SETTINGS index_granularity = 8192
COMMENT 'Journey maps; the row of a map is written last, so that what hangs on it is there'

CREATE TABLE journey_raw.places
(
    `place` LowCardinality(String) COMMENT 'Id of the place, as events carry it',
    `name` String COMMENT 'Name for readers; may be empty',
    `kind` LowCardinality(String) COMMENT 'shop, kiosk, branch, ...; may be empty',
    `zone` LowCardinality(String) COMMENT 'IANA zone of its local days; may be empty',
    `city` String COMMENT 'City; may be empty',
    `region` String COMMENT 'State or region; may be empty',
    `country` LowCardinality(String) COMMENT 'ISO 3166 country; may be empty',
    `registered_at` DateTime64(6, 'UTC') COMMENT 'The newest row of a place counts'
)
ENGINE = MergeTree
ORDER BY (place, registered_at)
SETTINGS index_granularity = 8192
COMMENT 'Places'

CREATE TABLE journey_raw.readings
(
    `read_at` DateTime64(6, 'UTC') COMMENT 'When what people wrote was read: just before it was shown' CODEC(Delta(8), LZ4),
    `way` LowCardinality(String) COMMENT 'comments (the command), page (the dashboard) or export (all that is kept of one person)',
    `reader` String COMMENT 'Who: of a command the user of the operating system, of the page the name of the key',
    `filters` Map(LowCardinality(String), String) COMMENT 'What was asked for, by filter. Words that were looked for are counted and not kept, a person stands in person_digest',
    `person_digest` String COMMENT 'When one person was asked for: a digest of the person key, by which its readings are found and no person is; empty otherwise',
    `opened` UInt32 COMMENT 'How many texts were decrypted',
    `shown` UInt32 COMMENT 'How many of them were shown',
    `login` LowCardinality(String) MATERIALIZED currentUser() COMMENT 'User of ClickHouse who wrote this row: the server says so, no client can'
)
ENGINE = MergeTree
ORDER BY read_at
SETTINGS index_granularity = 8192
COMMENT 'Who has read what people wrote, when and which; rows are only appended, and nothing of the texts is kept here'

CREATE TABLE journey_raw.settlements
(
    `stream` LowCardinality(String) COMMENT 'Topic, topic incarnation and partition of the quarantined record',
    `offset` Int64 COMMENT 'Its Kafka offset',
    `outcome` LowCardinality(String) COMMENT 'replayed, repeated or discarded',
    `note` String COMMENT 'Why it was discarded; of a replay the record that brought the event, or that it was there already',
    `settled_at` DateTime64(6, 'UTC') COMMENT 'The first settlement of a record counts'
)
ENGINE = MergeTree
ORDER BY (stream, offset)
SETTINGS index_granularity = 8192
COMMENT 'Quarantined records that need nobody any more; only commands write here, and they only append'

CREATE TABLE journey_raw.shown_maps
(
    `map` LowCardinality(String) COMMENT 'Id of the journey map',
    `version` UInt32 COMMENT 'The version of it that readers see from then on',
    `change` UInt64 COMMENT 'Number of the change of maps by which it stands: all events are attached under it',
    `is_default` UInt8 COMMENT '1 when it is also the map by which touchpoints, answers, orders and unmapped are shown',
    `shown_at` DateTime64(6, 'UTC') COMMENT 'The newest row of a map counts, and of all rows with is_default the newest one'
)
ENGINE = MergeTree
ORDER BY shown_at
SETTINGS index_granularity = 8192
COMMENT 'Which version of each map readers were switched to, and which map is the default; a switch is one row'

CREATE TABLE journey_raw.sources
(
    `source` LowCardinality(String) COMMENT 'Id of the source, as events carry it',
    `name` String COMMENT 'Name for readers; may be empty',
    `zone` LowCardinality(String) COMMENT 'IANA zone of its times without offset; may be empty',
    `legal_basis` LowCardinality(String) COMMENT 'Legal basis on which its events are kept',
    `brand` LowCardinality(String) COMMENT 'Brand of its events; may be empty',
    `channel` LowCardinality(String) COMMENT 'Channel of its events; may be empty',
    `retention_days` UInt32 COMMENT 'Term after which its events go; 0 for none',
    `registered_at` DateTime64(6, 'UTC') COMMENT 'The newest row of a source counts'
)
ENGINE = MergeTree
ORDER BY (source, registered_at)
SETTINGS index_granularity = 8192
COMMENT 'Sources of events, as sources.yaml declares them'

CREATE TABLE journey_raw.stages
(
    `map` LowCardinality(String) COMMENT 'Id of the journey map',
    `version` UInt32 COMMENT 'Its version',
    `stage` LowCardinality(String) COMMENT 'Id of the stage',
    `stage_order` UInt8 COMMENT 'Place in the map, from 1',
    `name` String COMMENT 'Name for readers',
    `description` String COMMENT 'What happens there; may be empty'
)
ENGINE = MergeTree
ORDER BY (map, version, stage_order)
SETTINGS index_granularity = 8192
COMMENT 'Stages of the journey maps'

CREATE TABLE journey_raw.touchpoints
(
    `map` LowCardinality(String) COMMENT 'Id of the journey map',
    `version` UInt32 COMMENT 'Its version',
    `touchpoint` LowCardinality(String) COMMENT 'Id of the touchpoint, as events carry it',
    `name` String COMMENT 'Name for readers',
    `channel` LowCardinality(String) COMMENT 'Channel of the touchpoint',
    `is_online` UInt8 COMMENT '1 when online',
    `ownership` LowCardinality(String) COMMENT 'owned, earned or paid',
    `observability` LowCardinality(String) COMMENT 'traceable, survey_only or unobservable',
    `owner` String COMMENT 'Who answers for it; may be empty',
    `description` String COMMENT 'What it is; may be empty'
)
ENGINE = MergeTree
ORDER BY (map, version, touchpoint)
SETTINGS index_granularity = 8192
COMMENT 'Touchpoints of the journey maps'

CREATE TABLE journey_raw.view_files
(
    `view` String COMMENT 'Name of the view, with its database',
    `hash` String COMMENT 'Hash of the file that it was made from; empty when it was dropped',
    `release` String COMMENT 'Release of touchline that made or dropped it: an older one leaves the views alone',
    `applied_at` DateTime64(6, 'UTC') COMMENT 'The newest row of a view counts'
)
ENGINE = MergeTree
ORDER BY (view, applied_at)
SETTINGS index_granularity = 8192
COMMENT 'From which files the views were made; touchline migrate appends here'
