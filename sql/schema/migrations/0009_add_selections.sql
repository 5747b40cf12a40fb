-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.
-- Views that are new or differ from those before.

CREATE OR REPLACE VIEW journey.touchpoints
(
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    local_date Date COMMENT 'Day in the zone of the place, else of the company',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    revision UInt32 COMMENT 'Revision of the event that counts',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    action LowCardinality(Nullable(String)) COMMENT 'What the person did there; NULL when not said',
    campaign LowCardinality(Nullable(String)) COMMENT 'Campaign; NULL when none',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    is_mapped UInt8 COMMENT '1 when the map gives the event a stage',
    cycle Nullable(UInt32) COMMENT 'Journey cycle of the person, from 1; NULL when no journey moves',
    transition LowCardinality(Nullable(String)) COMMENT 'enter, advance, skip, return or stay; NULL when no journey moves',
    wait_seconds Nullable(Float64) COMMENT 'Time since the same person''s touchpoint before; NULL for the first',
    is_conversion UInt8 COMMENT '1 when the event converts its journey cycle',
    rule LowCardinality(Nullable(String)) COMMENT 'Rule of the map that decided the stage; NULL when none did',
    evidence LowCardinality(Nullable(String)) COMMENT 'What the rule saw; NULL when none decided'
)
SQL SECURITY DEFINER
COMMENT 'One row per touchpoint event, as the default map attaches it'
AS SELECT
    event_time,
    local_date,
    source,
    event_id,
    revision,
    nullIf(person, '') AS person,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    nullIf(action, '') AS action,
    nullIf(campaign, '') AS campaign,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    is_mapped,
    nullIf(cycle, 0) AS cycle,
    nullIf(transition, '') AS transition,
    if(touchpoint_number > 1, wait_us / 1000000, NULL) AS wait_seconds,
    is_conversion,
    nullIf(rule, '') AS rule,
    nullIf(evidence, '') AS evidence
FROM 
(
    SELECT * FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
      AND map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.attachments
(
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    local_date Date COMMENT 'Day in the zone of the place, else of the company',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    revision UInt32 COMMENT 'Revision of the event that counts',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    action LowCardinality(Nullable(String)) COMMENT 'What the person did there; NULL when not said',
    campaign LowCardinality(Nullable(String)) COMMENT 'Campaign; NULL when none',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    is_mapped UInt8 COMMENT '1 when the map gives the event a stage',
    cycle Nullable(UInt32) COMMENT 'Journey cycle of the person, from 1; NULL when no journey moves',
    transition LowCardinality(Nullable(String)) COMMENT 'enter, advance, skip, return or stay; NULL when no journey moves',
    wait_seconds Nullable(Float64) COMMENT 'Time since the same person''s touchpoint before; NULL for the first',
    is_conversion UInt8 COMMENT '1 when the event converts its journey cycle',
    rule LowCardinality(Nullable(String)) COMMENT 'Rule of the map that decided the stage; NULL when none did',
    evidence LowCardinality(Nullable(String)) COMMENT 'What the rule saw; NULL when none decided'
)
SQL SECURITY DEFINER
COMMENT 'One row per touchpoint event and journey map'
AS SELECT
    event_time,
    local_date,
    source,
    event_id,
    revision,
    nullIf(person, '') AS person,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    nullIf(action, '') AS action,
    nullIf(campaign, '') AS campaign,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    is_mapped,
    nullIf(cycle, 0) AS cycle,
    nullIf(transition, '') AS transition,
    if(touchpoint_number > 1, wait_us / 1000000, NULL) AS wait_seconds,
    is_conversion,
    nullIf(rule, '') AS rule,
    nullIf(evidence, '') AS evidence
FROM 
(
    SELECT * FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.answers
(
    answered_at DateTime64(6, 'UTC') COMMENT 'When the answer was given (UTC)',
    about_time DateTime64(6, 'UTC') COMMENT 'When the touchpoint happened that it is about (UTC)',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    action LowCardinality(Nullable(String)) COMMENT 'What the person did there; NULL when not said',
    campaign LowCardinality(Nullable(String)) COMMENT 'Campaign; NULL when none',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    survey LowCardinality(Nullable(String)) COMMENT 'Survey; NULL when unnamed',
    question LowCardinality(Nullable(String)) COMMENT 'Question, the same id in every language; NULL when unnamed',
    kpi LowCardinality(Nullable(String)) COMMENT 'KPI that the question feeds (dim_kpi.id); NULL for other questions',
    variant LowCardinality(Nullable(String)) COMMENT 'Formula variant (dim_kpi.variant); NULL when the catalogue has none for KPI and scale',
    scope LowCardinality(Nullable(String)) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    scale_min Int16 COMMENT 'Lowest score that could be given',
    scale_max Int16 COMMENT 'Highest score that could be given',
    score Nullable(Float64) COMMENT 'Score; NULL when none was given',
    disposition LowCardinality(Nullable(String)) COMMENT 'What became of the question: complete, partial, shown, dismissed, ...'
)
SQL SECURITY DEFINER
COMMENT 'One row per survey answer, at the stage of its touchpoint in the default map'
AS SELECT
    event_time AS answered_at,
    about_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    nullIf(action, '') AS action,
    nullIf(campaign, '') AS campaign,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    nullIf(survey, '') AS survey,
    nullIf(question, '') AS question,
    nullIf(kpi, '') AS kpi,
    nullIf(kpi_variant, '') AS variant,
    nullIf(scope, '') AS scope,
    scale_min,
    scale_max,
    if(has_score = 1, score, NULL) AS score,
    nullIf(disposition, '') AS disposition
FROM 
(
    SELECT *,
    multiIf(
    variant != '', toString(variant),
    kpi = 'nps' AND scale_min = 0 AND scale_max = 10, 'standard',
    kpi = 'csat' AND scale_min = 1 AND scale_max = 5, 'top_2_box',
    kpi = 'csat' AND scale_min = 1 AND scale_max = 7, 'top_2_box_of_7',
    kpi = 'ces' AND scale_min = 1 AND scale_max = 7, 'mean',
    kpi = 'ces' AND scale_min = 1 AND scale_max = 5, 'effort_mean',
    kpi = 'emotion' AND scale_min = 1 AND scale_max = 7, 'net',
    '') AS kpi_variant FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.answer.v1'
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
      AND map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.orders
(
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    local_date Date COMMENT 'Day in the zone of the place, else of the company',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    order_id Nullable(String) COMMENT 'Order that the event names; NULL when it names none',
    kind LowCardinality(Nullable(String)) COMMENT 'purchase or refund; NULL when not said',
    amount Nullable(Decimal(18, 4)) COMMENT 'Paid amount, tax included, in units of the currency; negative for a refund',
    currency LowCardinality(Nullable(String)) COMMENT 'ISO 4217 currency: never sum across currencies; NULL without amount',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    action LowCardinality(Nullable(String)) COMMENT 'What the person did there; NULL when not said',
    campaign LowCardinality(Nullable(String)) COMMENT 'Campaign; NULL when none'
)
SQL SECURITY DEFINER
COMMENT 'One row per event that names an order or an amount; refunds are negative'
AS SELECT
    event_time,
    local_date,
    source,
    event_id,
    nullIf(order_id, '') AS order_id,
    nullIf(order_kind, '') AS kind,
    if(currency != '', accurateCastOrNull(toDecimal128(amount_minor, 4) / toDecimal128(intExp10(currency_exponent), 0), 'Decimal(18, 4)'), NULL) AS amount,
    nullIf(currency, '') AS currency,
    nullIf(person, '') AS person,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    nullIf(action, '') AS action,
    nullIf(campaign, '') AS campaign
FROM 
(
    SELECT * FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
      AND map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)
      AND (currency != '' OR order_id != '')
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.journeys
(
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    cycle Nullable(UInt32) COMMENT 'Journey cycle of the person, from 1; NULL when no journey moves',
    started_at DateTime64(6, 'UTC') COMMENT 'First touchpoint of the cycle (UTC)',
    last_at DateTime64(6, 'UTC') COMMENT 'Last touchpoint of the cycle so far (UTC)',
    converted_at Nullable(DateTime64(6, 'UTC')) COMMENT 'First conversion of the cycle; NULL when none yet',
    max_stage_order Nullable(UInt8) COMMENT 'Highest stage reached; NULL when no touchpoint is mapped',
    touchpoints UInt64 COMMENT 'Number of touchpoints (additivity: sum)',
    is_simulated UInt8 COMMENT '1 when a touchpoint of it is simulated: label it wherever it is shown'
)
SQL SECURITY DEFINER
COMMENT 'One row per person, map and journey cycle'
AS SELECT
    person,
    map,
    map_version,
    cycle,
    started_at,
    last_at,
    converted_at,
    nullIf(highest, 0) AS max_stage_order,
    touchpoints,
    simulated AS is_simulated
FROM 
(
    SELECT
        person, map, map_version, cycle, min(event_time) AS started_at, max(event_time) AS last_at,
        minOrNullIf(event_time, is_conversion = 1) AS converted_at, max(stage_order) AS highest, count() AS touchpoints,
        max(is_simulated) AS simulated
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND person != '' AND cycle > 0
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
    GROUP BY person, map, map_version, cycle
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.unmapped
(
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    action LowCardinality(Nullable(String)) COMMENT 'What the person did there; NULL when not said',
    events Int64 COMMENT 'Number of events (additivity: sum)',
    is_simulated UInt8 COMMENT '1 when an event of that touchpoint which the map does not place is simulated: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Touchpoint events to which the default map gives no stage (additivity: sum)'
AS SELECT
    source,
    touchpoint,
    nullIf(action, '') AS action,
    events,
    is_simulated
FROM 
(
    SELECT
        map,
        map_version,
        source,
        touchpoint,
        action,
        sum(sign) AS events
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND is_mapped = 0
    GROUP BY map, map_version, source, touchpoint, action
) AS counted
LEFT JOIN
(
    SELECT map, map_version, touchpoint, 1 AS is_simulated
    FROM
    (
        SELECT
            map,
            map_version,
            touchpoint,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1 AND stage = ''
        GROUP BY map, map_version, touchpoint
    )
    WHERE events != 0
) AS simulated USING (map, map_version, touchpoint)
WHERE events != 0 AND map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)
SETTINGS join_use_nulls = 0;

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
)
SETTINGS join_use_nulls = 0;

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
) AS settled USING (stream, offset)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.measures
(
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    revision UInt32 COMMENT 'Revision of the event that counts',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    measure String COMMENT 'The measure, as the map names it (measures.id of a stage or touchpoint)',
    starts_at Nullable(DateTime64(6, 'UTC')) COMMENT 'From when it holds (UTC)',
    ends_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Until when (UTC); NULL when it goes on',
    cost Nullable(Decimal(18, 4)) COMMENT 'What it costs, in units of the currency; NULL when not said',
    currency Nullable(String) COMMENT 'ISO 4217 currency of the cost; NULL without one',
    owner Nullable(String) COMMENT 'Role that answers for it; NULL when not said',
    expected_kpi Nullable(String) COMMENT 'KPI that it should move; NULL when not said',
    reported_at DateTime64(6, 'UTC') COMMENT 'When it was reported (UTC)'
)
SQL SECURITY DEFINER
COMMENT 'One row per measure at a touchpoint: what the company changed there, from when to when'
AS SELECT
    source,
    event_id,
    revision,
    touchpoint,
    is_simulated,
    properties['measure'] AS measure,
    parseDateTime64BestEffortOrNull(properties['starts_at'], 6, 'UTC') AS starts_at,
    parseDateTime64BestEffortOrNull(properties['ends_at'], 6, 'UTC') AS ends_at,
    accurateCastOrNull(toDecimal128OrNull(properties['cost_minor'], 4) / toDecimal128(intExp10(multiIf(properties['cost_currency'] IN ('BEF', 'BIF', 'BYR', 'CLP', 'DJF', 'ESP', 'GNF', 'GRD', 'ISK', 'ITL', 'JPY', 'KMF', 'KRW', 'LUF', 'PTE', 'PYG', 'RWF', 'TPE', 'TRL', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'), 0, properties['cost_currency'] IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'), 3, properties['cost_currency'] IN ('CLF', 'UYW'), 4, 2)), 0), 'Decimal(18, 4)') AS cost,
    nullIf(properties['cost_currency'], '') AS currency,
    nullIf(properties['owner'], '') AS owner,
    nullIf(properties['expected_kpi'], '') AS expected_kpi,
    event_time AS reported_at
FROM 
(
    SELECT * FROM journey_raw.ledger
    WHERE kind = 'received' AND fate = 'stored' AND event_type = 'touchline.measure.v1'
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.annotations
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    date Date COMMENT 'First day',
    until Nullable(Date) COMMENT 'Last day; NULL for a single day',
    text String COMMENT 'The remark',
    touchpoint Nullable(String) COMMENT 'Touchpoint that it is about; NULL for no single one',
    stage Nullable(String) COMMENT 'Stage that it is about; NULL for no single one'
)
SQL SECURITY DEFINER
COMMENT 'Dated remarks of the journey maps, one row each: campaigns, incidents, measures, for charts'
AS SELECT
    map,
    version AS map_version,
    toDate(JSONExtractString(note, 'date')) AS date,
    toDateOrNull(JSONExtractString(note, 'until')) AS until,
    JSONExtractString(note, 'text') AS text,
    nullIf(JSONExtractString(note, 'touchpoint'), '') AS touchpoint,
    nullIf(JSONExtractString(note, 'stage'), '') AS stage
FROM 
(
    SELECT * FROM journey_raw.maps ORDER BY registered_at DESC LIMIT 1 BY map, version
)
ARRAY JOIN JSONExtractArrayRaw(content, 'annotations') AS note
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_volume_1h
(
    bucket DateTime('UTC') COMMENT 'UTC hour',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    events Int64 COMMENT 'Number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'Events by UTC hour (additivity: sum)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    events
FROM 
(
    SELECT
        toStartOfHour(event_time) AS bucket,
        touchpoint,
        channel,
        is_online,
        is_simulated,
        map,
        map_version,
        stage,
        stage_order,
        sum(sign) AS events
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order
)
WHERE events != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_volume_1d
(
    bucket Date COMMENT 'Local day',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    events Int64 COMMENT 'Number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'Events by local day (additivity: sum)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    events
FROM 
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
        sum(sign) AS events
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order
)
WHERE events != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_persons_touchpoint_1d
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    persons Int64 COMMENT 'Distinct persons of the day in this grain (additivity: distinct, do not add up)',
    journeys Int64 COMMENT 'Distinct journey cycles of the day in this grain (additivity: distinct, do not add up)',
    is_simulated UInt8 COMMENT '1 when an event of that day and touchpoint is simulated: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys by local day and touchpoint (additivity: distinct; other periods: count persons in touchpoints)'
AS SELECT
    bucket,
    map,
    map_version,
    touchpoint,
    persons_touchpoint AS persons,
    journeys_touchpoint AS journeys,
    is_simulated
FROM 
(
    SELECT
        local_date AS bucket,
        map,
        map_version,
        touchpoint,
        sum(sign * bitTest(first_of, 1)) AS persons_touchpoint,
        sum(sign * bitTest(first_of, 5)) AS journeys_touchpoint
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, map, map_version, touchpoint
) AS counted
LEFT JOIN
(
    SELECT bucket, map, map_version, touchpoint, 1 AS is_simulated
    FROM
    (
        SELECT
            local_date AS bucket,
            map,
            map_version,
            touchpoint,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1
        GROUP BY bucket, map, map_version, touchpoint
    )
    WHERE events != 0
) AS simulated USING (bucket, map, map_version, touchpoint)
WHERE persons_touchpoint != 0 OR journeys_touchpoint != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_persons_stage_1d
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    persons Int64 COMMENT 'Distinct persons of the day in this grain (additivity: distinct, do not add up)',
    journeys Int64 COMMENT 'Distinct journey cycles of the day in this grain (additivity: distinct, do not add up)',
    is_simulated UInt8 COMMENT '1 when an event of that day and stage is simulated: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys by local day and stage (additivity: distinct; other periods: count persons in touchpoints)'
AS SELECT
    bucket,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    persons_stage AS persons,
    journeys_stage AS journeys,
    is_simulated
FROM 
(
    SELECT
        local_date AS bucket,
        map,
        map_version,
        stage,
        sum(sign * bitTest(first_of, 2)) AS persons_stage,
        sum(sign * bitTest(first_of, 6)) AS journeys_stage
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, map, map_version, stage
) AS counted
LEFT JOIN
(
    SELECT bucket, map, map_version, stage, 1 AS is_simulated
    FROM
    (
        SELECT
            local_date AS bucket,
            map,
            map_version,
            stage,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1
        GROUP BY bucket, map, map_version, stage
    )
    WHERE events != 0
) AS simulated USING (bucket, map, map_version, stage)
WHERE persons_stage != 0 OR journeys_stage != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_persons_channel_1d
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    persons Int64 COMMENT 'Distinct persons of the day in this grain (additivity: distinct, do not add up)',
    journeys Int64 COMMENT 'Distinct journey cycles of the day in this grain (additivity: distinct, do not add up)',
    is_simulated UInt8 COMMENT '1 when an event of that day and channel is simulated: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys by local day and channel (additivity: distinct; other periods: count persons in touchpoints)'
AS SELECT
    bucket,
    map,
    map_version,
    nullIf(channel, '') AS channel,
    persons_channel AS persons,
    journeys_channel AS journeys,
    is_simulated
FROM 
(
    SELECT
        local_date AS bucket,
        map,
        map_version,
        channel,
        sum(sign * bitTest(first_of, 3)) AS persons_channel,
        sum(sign * bitTest(first_of, 7)) AS journeys_channel
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, map, map_version, channel
) AS counted
LEFT JOIN
(
    SELECT bucket, map, map_version, channel, 1 AS is_simulated
    FROM
    (
        SELECT
            local_date AS bucket,
            map,
            map_version,
            channel,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1
        GROUP BY bucket, map, map_version, channel
    )
    WHERE events != 0
) AS simulated USING (bucket, map, map_version, channel)
WHERE persons_channel != 0 OR journeys_channel != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_survey_1h
(
    bucket DateTime('UTC') COMMENT 'UTC hour',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    kpi LowCardinality(String) COMMENT 'KPI that the question feeds (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    n Int64 COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum)',
    n_positive Int64 COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum)',
    n_neutral Int64 COMMENT 'Answers of neither class (additivity: sum)',
    n_negative Int64 COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum)',
    numerator Float64 COMMENT 'Numerator of the value, before the factor 100 of points and percent (additivity: sum)',
    denominator Int64 COMMENT 'Denominator of the value (additivity: sum)',
    value Float64 COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived)',
    ci_low Float64 COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value',
    ci_high Float64 COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value',
    ci_method LowCardinality(String) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs by the UTC hour of the touchpoint that is rated, one KPI, formula variant and scope a row (additivity: derived)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    kpi,
    kpi_variant AS variant,
    scope,
    n,
    n_positive,
    n_neutral,
    n_negative,
    numerator,
    n AS denominator,
    value,
    ci_low,
    ci_high,
    ci_method
FROM 
(
    SELECT
        *,
        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
    FROM 
    (
        SELECT
            *,
            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
        FROM 
        (
            SELECT
                *,
                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                if(kind = 'mean', 1, 100) * numerator / n AS value,
                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
            FROM 
            (
                SELECT
                    *,
                    n - n_positive - n_negative AS n_neutral,
                    kind = 'net' AS is_net,
                    kind = 'share' AS is_share,
                    (n_positive - n_negative) / (n + 3) AS wald_net,
                    greatest(n - 1, 1) AS t_degrees,
                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                FROM 
                (
                    SELECT
                        bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope,
                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest,
                        sum(answers) AS n,
                        sum(answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                        sum(answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                        sum(answers * units) / 1000 AS total,
                        sum(answers * units * units) / 1000000 AS squares
                    FROM
                    (
                        SELECT *, toInt64(round(score * 1000)) AS units
                        FROM
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
                                sum(sign) AS answers
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                            GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score
                        ) AS scores
                        INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                            ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                            ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                            ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                        USING (kpi, variant, scale_min, scale_max)
                        WHERE disposition IN ('complete', 'partial')
                    )
                    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope
                    HAVING n > 0
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_survey_1d
(
    bucket Date COMMENT 'Local day',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    kpi LowCardinality(String) COMMENT 'KPI that the question feeds (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    n Int64 COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum)',
    n_positive Int64 COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum)',
    n_neutral Int64 COMMENT 'Answers of neither class (additivity: sum)',
    n_negative Int64 COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum)',
    numerator Float64 COMMENT 'Numerator of the value, before the factor 100 of points and percent (additivity: sum)',
    denominator Int64 COMMENT 'Denominator of the value (additivity: sum)',
    value Float64 COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived)',
    ci_low Float64 COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value',
    ci_high Float64 COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value',
    ci_method LowCardinality(String) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs by the local day of the touchpoint that is rated, one KPI, formula variant and scope a row (additivity: derived)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    kpi,
    kpi_variant AS variant,
    scope,
    n,
    n_positive,
    n_neutral,
    n_negative,
    numerator,
    n AS denominator,
    value,
    ci_low,
    ci_high,
    ci_method
FROM 
(
    SELECT
        *,
        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
    FROM 
    (
        SELECT
            *,
            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
        FROM 
        (
            SELECT
                *,
                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                if(kind = 'mean', 1, 100) * numerator / n AS value,
                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
            FROM 
            (
                SELECT
                    *,
                    n - n_positive - n_negative AS n_neutral,
                    kind = 'net' AS is_net,
                    kind = 'share' AS is_share,
                    (n_positive - n_negative) / (n + 3) AS wald_net,
                    greatest(n - 1, 1) AS t_degrees,
                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                FROM 
                (
                    SELECT
                        bucket, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order, kpi, kpi_variant, scope,
                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest,
                        sum(answers) AS n,
                        sum(answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                        sum(answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                        sum(answers * units) / 1000 AS total,
                        sum(answers * units * units) / 1000000 AS squares
                    FROM
                    (
                        SELECT *, toInt64(round(score * 1000)) AS units
                        FROM
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
                                sum(sign) AS answers
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                            GROUP BY bucket, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score
                        ) AS scores
                        INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                            ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                            ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                            ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                        USING (kpi, variant, scale_min, scale_max)
                        WHERE disposition IN ('complete', 'partial')
                    )
                    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order, kpi, kpi_variant, scope
                    HAVING n > 0
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_survey_1w
(
    bucket Date COMMENT 'Monday of the local week',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    kpi LowCardinality(String) COMMENT 'KPI that the question feeds (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    n Int64 COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum)',
    n_positive Int64 COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum)',
    n_neutral Int64 COMMENT 'Answers of neither class (additivity: sum)',
    n_negative Int64 COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum)',
    numerator Float64 COMMENT 'Numerator of the value, before the factor 100 of points and percent (additivity: sum)',
    denominator Int64 COMMENT 'Denominator of the value (additivity: sum)',
    value Float64 COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived)',
    ci_low Float64 COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value',
    ci_high Float64 COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value',
    ci_method LowCardinality(String) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs by the local week of the touchpoint that is rated, one KPI, formula variant and scope a row (additivity: derived)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    kpi,
    kpi_variant AS variant,
    scope,
    n,
    n_positive,
    n_neutral,
    n_negative,
    numerator,
    n AS denominator,
    value,
    ci_low,
    ci_high,
    ci_method
FROM 
(
    SELECT
        *,
        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
    FROM 
    (
        SELECT
            *,
            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
        FROM 
        (
            SELECT
                *,
                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                if(kind = 'mean', 1, 100) * numerator / n AS value,
                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
            FROM 
            (
                SELECT
                    *,
                    n - n_positive - n_negative AS n_neutral,
                    kind = 'net' AS is_net,
                    kind = 'share' AS is_share,
                    (n_positive - n_negative) / (n + 3) AS wald_net,
                    greatest(n - 1, 1) AS t_degrees,
                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                FROM 
                (
                    SELECT
                        bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope,
                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest,
                        sum(answers) AS n,
                        sum(answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                        sum(answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                        sum(answers * units) / 1000 AS total,
                        sum(answers * units * units) / 1000000 AS squares
                    FROM
                    (
                        SELECT *, toInt64(round(score * 1000)) AS units
                        FROM
                        (
                        SELECT toMonday(bucket) AS bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score, answers
                        FROM
                        (
                            SELECT
                                local_date AS bucket,
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
                                sum(sign) AS answers
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                            GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score
                        )
                        ) AS scores
                        INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                            ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                            ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                            ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                        USING (kpi, variant, scale_min, scale_max)
                        WHERE disposition IN ('complete', 'partial')
                    )
                    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope
                    HAVING n > 0
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_survey_1mo
(
    bucket Date COMMENT 'First local day of the month',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    kpi LowCardinality(String) COMMENT 'KPI that the question feeds (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    n Int64 COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum)',
    n_positive Int64 COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum)',
    n_neutral Int64 COMMENT 'Answers of neither class (additivity: sum)',
    n_negative Int64 COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum)',
    numerator Float64 COMMENT 'Numerator of the value, before the factor 100 of points and percent (additivity: sum)',
    denominator Int64 COMMENT 'Denominator of the value (additivity: sum)',
    value Float64 COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived)',
    ci_low Float64 COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value',
    ci_high Float64 COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value',
    ci_method LowCardinality(String) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs by the local month of the touchpoint that is rated, one KPI, formula variant and scope a row (additivity: derived)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    kpi,
    kpi_variant AS variant,
    scope,
    n,
    n_positive,
    n_neutral,
    n_negative,
    numerator,
    n AS denominator,
    value,
    ci_low,
    ci_high,
    ci_method
FROM 
(
    SELECT
        *,
        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
    FROM 
    (
        SELECT
            *,
            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
        FROM 
        (
            SELECT
                *,
                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                if(kind = 'mean', 1, 100) * numerator / n AS value,
                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
            FROM 
            (
                SELECT
                    *,
                    n - n_positive - n_negative AS n_neutral,
                    kind = 'net' AS is_net,
                    kind = 'share' AS is_share,
                    (n_positive - n_negative) / (n + 3) AS wald_net,
                    greatest(n - 1, 1) AS t_degrees,
                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                FROM 
                (
                    SELECT
                        bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope,
                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest,
                        sum(answers) AS n,
                        sum(answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                        sum(answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                        sum(answers * units) / 1000 AS total,
                        sum(answers * units * units) / 1000000 AS squares
                    FROM
                    (
                        SELECT *, toInt64(round(score * 1000)) AS units
                        FROM
                        (
                        SELECT toStartOfMonth(bucket) AS bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score, answers
                        FROM
                        (
                            SELECT
                                local_date AS bucket,
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
                                sum(sign) AS answers
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                            GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score
                        )
                        ) AS scores
                        INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                            ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                            ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                            ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                        USING (kpi, variant, scale_min, scale_max)
                        WHERE disposition IN ('complete', 'partial')
                    )
                    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope
                    HAVING n > 0
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_survey_rolling_7d
(
    bucket Date COMMENT 'Last local day of a window of 7: windows overlap, never sum over buckets',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    kpi LowCardinality(String) COMMENT 'KPI that the question feeds (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    n Int64 COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum)',
    n_positive Int64 COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum)',
    n_neutral Int64 COMMENT 'Answers of neither class (additivity: sum)',
    n_negative Int64 COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum)',
    numerator Float64 COMMENT 'Numerator of the value, before the factor 100 of points and percent (additivity: sum)',
    denominator Int64 COMMENT 'Denominator of the value (additivity: sum)',
    value Float64 COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived)',
    ci_low Float64 COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value',
    ci_high Float64 COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value',
    ci_method LowCardinality(String) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs by the 7 local days up to the bucket of the touchpoint that is rated, one KPI, formula variant and scope a row (additivity: derived)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    kpi,
    kpi_variant AS variant,
    scope,
    n,
    n_positive,
    n_neutral,
    n_negative,
    numerator,
    n AS denominator,
    value,
    ci_low,
    ci_high,
    ci_method
FROM 
(
    SELECT
        *,
        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
    FROM 
    (
        SELECT
            *,
            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
        FROM 
        (
            SELECT
                *,
                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                if(kind = 'mean', 1, 100) * numerator / n AS value,
                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
            FROM 
            (
                SELECT
                    *,
                    n - n_positive - n_negative AS n_neutral,
                    kind = 'net' AS is_net,
                    kind = 'share' AS is_share,
                    (n_positive - n_negative) / (n + 3) AS wald_net,
                    greatest(n - 1, 1) AS t_degrees,
                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                FROM 
                (
                    SELECT
                        bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope,
                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest,
                        sum(answers) AS n,
                        sum(answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                        sum(answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                        sum(answers * units) / 1000 AS total,
                        sum(answers * units * units) / 1000000 AS squares
                    FROM
                    (
                        SELECT *, toInt64(round(score * 1000)) AS units
                        FROM
                        (
                        SELECT day AS bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score, answers
                        FROM
                        (
                            SELECT *, arrayJoin(arrayMap(later -> addDays(bucket, later), range(7))) AS day
                            FROM
                            (
                                SELECT
                                    local_date AS bucket,
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
                                    sum(sign) AS answers
                                FROM journey_raw.ledger
                                WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score
                            )
                        ) AS windows
                        INNER JOIN
                        (
                            SELECT map, map_version, max(bucket) AS last_day
                            FROM
                            (
                                SELECT
                                    local_date AS bucket,
                                    map,
                                    map_version,
                                    sum(sign) AS answers
                                FROM journey_raw.ledger
                                WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                GROUP BY bucket, map, map_version
                            )
                            WHERE answers != 0
                            GROUP BY map, map_version
                        ) AS ends USING (map, map_version)
                        WHERE day <= last_day
                        ) AS scores
                        INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                            ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                            ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                            ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                        USING (kpi, variant, scale_min, scale_max)
                        WHERE disposition IN ('complete', 'partial')
                    )
                    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope
                    HAVING n > 0
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_survey_rolling_28d
(
    bucket Date COMMENT 'Last local day of a window of 28: windows overlap, never sum over buckets',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    kpi LowCardinality(String) COMMENT 'KPI that the question feeds (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    n Int64 COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum)',
    n_positive Int64 COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum)',
    n_neutral Int64 COMMENT 'Answers of neither class (additivity: sum)',
    n_negative Int64 COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum)',
    numerator Float64 COMMENT 'Numerator of the value, before the factor 100 of points and percent (additivity: sum)',
    denominator Int64 COMMENT 'Denominator of the value (additivity: sum)',
    value Float64 COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived)',
    ci_low Float64 COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value',
    ci_high Float64 COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value',
    ci_method LowCardinality(String) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs by the 28 local days up to the bucket of the touchpoint that is rated, one KPI, formula variant and scope a row (additivity: derived)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    kpi,
    kpi_variant AS variant,
    scope,
    n,
    n_positive,
    n_neutral,
    n_negative,
    numerator,
    n AS denominator,
    value,
    ci_low,
    ci_high,
    ci_method
FROM 
(
    SELECT
        *,
        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
    FROM 
    (
        SELECT
            *,
            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
        FROM 
        (
            SELECT
                *,
                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                if(kind = 'mean', 1, 100) * numerator / n AS value,
                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
            FROM 
            (
                SELECT
                    *,
                    n - n_positive - n_negative AS n_neutral,
                    kind = 'net' AS is_net,
                    kind = 'share' AS is_share,
                    (n_positive - n_negative) / (n + 3) AS wald_net,
                    greatest(n - 1, 1) AS t_degrees,
                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                FROM 
                (
                    SELECT
                        bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope,
                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest,
                        sum(answers) AS n,
                        sum(answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                        sum(answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                        sum(answers * units) / 1000 AS total,
                        sum(answers * units * units) / 1000000 AS squares
                    FROM
                    (
                        SELECT *, toInt64(round(score * 1000)) AS units
                        FROM
                        (
                        SELECT day AS bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score, answers
                        FROM
                        (
                            SELECT *, arrayJoin(arrayMap(later -> addDays(bucket, later), range(28))) AS day
                            FROM
                            (
                                SELECT
                                    local_date AS bucket,
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
                                    sum(sign) AS answers
                                FROM journey_raw.ledger
                                WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score
                            )
                        ) AS windows
                        INNER JOIN
                        (
                            SELECT map, map_version, max(bucket) AS last_day
                            FROM
                            (
                                SELECT
                                    local_date AS bucket,
                                    map,
                                    map_version,
                                    sum(sign) AS answers
                                FROM journey_raw.ledger
                                WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                GROUP BY bucket, map, map_version
                            )
                            WHERE answers != 0
                            GROUP BY map, map_version
                        ) AS ends USING (map, map_version)
                        WHERE day <= last_day
                        ) AS scores
                        INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                            ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                            ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                            ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                            ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                            ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                            ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                            ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                            ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                        USING (kpi, variant, scale_min, scale_max)
                        WHERE disposition IN ('complete', 'partial')
                    )
                    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope
                    HAVING n > 0
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_revenue_1d
(
    bucket Date COMMENT 'Local day',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    currency LowCardinality(Nullable(String)) COMMENT 'ISO 4217 currency: never sum across currencies; NULL without amount',
    kind LowCardinality(Nullable(String)) COMMENT 'purchase or refund; NULL when not said',
    orders Int64 COMMENT 'Number of events with an amount (additivity: sum)',
    amount Nullable(Decimal(18, 4)) COMMENT 'Paid amount, tax included, in units of the currency; negative for a refund'
)
SQL SECURITY DEFINER
COMMENT 'Paid amounts by local day and currency; never sum across currencies (additivity: sum)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    nullIf(currency, '') AS currency,
    nullIf(order_kind, '') AS kind,
    orders,
    accurateCastOrNull(toDecimal128(amount_minor, 4) / toDecimal128(intExp10(currency_exponent), 0), 'Decimal(18, 4)') AS amount
FROM 
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
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND currency != ''
    GROUP BY bucket, currency, currency_exponent, order_kind, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order
)
WHERE orders != 0 OR amount_minor != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_wait_1d
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    wait_from_seconds Int64 COMMENT 'Lower end of the class, included',
    wait_below_seconds Int64 COMMENT 'Upper end of the class, excluded',
    events Int64 COMMENT 'Number of events (additivity: sum)',
    is_simulated UInt8 COMMENT '1 when an event of that day, stage, touchpoint and channel is simulated: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Touchpoints by the time since the same person''s touchpoint before (additivity: histogram)'
AS SELECT
    bucket,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    touchpoint,
    nullIf(channel, '') AS channel,
    class AS wait_from_seconds,
    if(class = 0, 1, 2 * class) AS wait_below_seconds,
    events,
    is_simulated
FROM 
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
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 1
    GROUP BY bucket, map, map_version, stage, touchpoint, channel, class
) AS counted
LEFT JOIN
(
    SELECT bucket, map, map_version, stage, touchpoint, channel, 1 AS is_simulated
    FROM
    (
        SELECT
            local_date AS bucket,
            map,
            map_version,
            stage,
            touchpoint,
            channel,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1
        GROUP BY bucket, map, map_version, stage, touchpoint, channel
    )
    WHERE events != 0
) AS simulated USING (bucket, map, map_version, stage, touchpoint, channel)
WHERE events != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.funnel_stage
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(String) COMMENT 'Stage (dim_stage.id)',
    stage_order UInt8 COMMENT 'Place of the stage in the map, from 1',
    reached Int64 COMMENT 'Journeys that passed the stages from the first to this stage in order',
    reached_next Nullable(Int64) COMMENT 'Journeys that passed the stages from the first to the next stage in order; NULL for the last',
    rate Nullable(Float64) COMMENT 'reached_next / reached, so journeys that may still go on count as not gone on (journey_api.funnel leaves them out); NULL for the last stage and where nobody came',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the rate''s 95 % Wilson interval; NULL without rate',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the rate''s 95 % Wilson interval; NULL without rate',
    is_simulated UInt8 COMMENT '1 when an event that the map gives a stage is simulated, in every row of the map: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Journeys that passed the stages in order up to each one, and of those the share that came to the next (additivity: derived)'
AS SELECT
    map,
    map_version,
    stage,
    stage_order,
    reached,
    reached_next,
    rate,
    ci_low,
    ci_high,
    is_simulated
FROM 
(
    SELECT
        map, map_version, stage, stage_order, reached,
        if(stage_order = last_order, NULL, following) AS reached_next,
        if(reached = 0, NULL, reached_next / reached) AS rate,
        (reached_next + 1.9207294103470627) / (reached + 3.8414588206941254) AS wilson_centre, 1.959963984540054 * sqrt(reached_next * (reached - reached_next) / reached + 0.9603647051735313) / (reached + 3.8414588206941254) AS wilson_half,
        if(reached = 0 OR stage_order = last_order, NULL, greatest(wilson_centre - wilson_half, 0)) AS ci_low,
        if(reached = 0 OR stage_order = last_order, NULL, least(wilson_centre + wilson_half, 1)) AS ci_high
    FROM
    (
        SELECT
            map, map_version, stage, stage_order, reached, last_order,
            leadInFrame(reached) OVER (
                PARTITION BY map, map_version ORDER BY stage_order ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS following
        FROM
        (
            SELECT map, version AS map_version, stage, stage_order, max(stage_order) OVER (PARTITION BY map, version) AS last_order
            FROM (SELECT * FROM journey_raw.stages LIMIT 1 BY map, version, stage)
        ) AS stages
        LEFT JOIN
        (
            SELECT map, map_version, stage_order, sum(events) AS reached
            FROM
            (
                SELECT
                    map,
                    map_version,
                    funnel_before,
                    funnel_depth,
                    sum(sign) AS events
                FROM journey_raw.ledger
                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                GROUP BY map, map_version, funnel_before, funnel_depth
            )
            ARRAY JOIN range(toUInt8(funnel_before + 1), toUInt8(funnel_depth + 1)) AS stage_order
            GROUP BY map, map_version, stage_order
        ) AS journeys USING (map, map_version, stage_order)
    )
) AS counted
LEFT JOIN
(
    SELECT map, map_version, 1 AS is_simulated
    FROM
    (
        SELECT
            map,
            map_version,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1 AND stage != ''
        GROUP BY map, map_version
    )
    WHERE events != 0
) AS simulated USING (map, map_version)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.funnel_stage_any
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(String) COMMENT 'Stage (dim_stage.id)',
    stage_order UInt8 COMMENT 'Place of the stage in the map, from 1',
    reached Int64 COMMENT 'Journeys that reached this stage or a later one',
    reached_next Nullable(Int64) COMMENT 'Journeys that reached the next stage or a later one; NULL for the last',
    rate Nullable(Float64) COMMENT 'reached_next / reached, so journeys that may still go on count as not gone on (journey_api.funnel leaves them out); NULL for the last stage and where nobody came',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the rate''s 95 % Wilson interval; NULL without rate',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the rate''s 95 % Wilson interval; NULL without rate',
    is_simulated UInt8 COMMENT '1 when an event that the map gives a stage is simulated, in every row of the map: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Journeys that reached each stage or a later one, in any order, and of those the share that came further (additivity: derived)'
AS SELECT
    map,
    map_version,
    stage,
    stage_order,
    reached,
    reached_next,
    rate,
    ci_low,
    ci_high,
    is_simulated
FROM 
(
    SELECT
        map, map_version, stage, stage_order, reached,
        if(stage_order = last_order, NULL, following) AS reached_next,
        if(reached = 0, NULL, reached_next / reached) AS rate,
        (reached_next + 1.9207294103470627) / (reached + 3.8414588206941254) AS wilson_centre, 1.959963984540054 * sqrt(reached_next * (reached - reached_next) / reached + 0.9603647051735313) / (reached + 3.8414588206941254) AS wilson_half,
        if(reached = 0 OR stage_order = last_order, NULL, greatest(wilson_centre - wilson_half, 0)) AS ci_low,
        if(reached = 0 OR stage_order = last_order, NULL, least(wilson_centre + wilson_half, 1)) AS ci_high
    FROM
    (
        SELECT
            map, map_version, stage, stage_order, reached, last_order,
            leadInFrame(reached) OVER (
                PARTITION BY map, map_version ORDER BY stage_order ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS following
        FROM
        (
            SELECT map, version AS map_version, stage, stage_order, max(stage_order) OVER (PARTITION BY map, version) AS last_order
            FROM (SELECT * FROM journey_raw.stages LIMIT 1 BY map, version, stage)
        ) AS stages
        LEFT JOIN
        (
            SELECT map, map_version, stage_order, sum(events) AS reached
            FROM
            (
                SELECT
                    map,
                    map_version,
                    stage_max_before,
                    stage_max,
                    sum(sign) AS events
                FROM journey_raw.ledger
                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                GROUP BY map, map_version, stage_max_before, stage_max
            )
            ARRAY JOIN range(toUInt8(stage_max_before + 1), toUInt8(stage_max + 1)) AS stage_order
            GROUP BY map, map_version, stage_order
        ) AS journeys USING (map, map_version, stage_order)
    )
) AS counted
LEFT JOIN
(
    SELECT map, map_version, 1 AS is_simulated
    FROM
    (
        SELECT
            map,
            map_version,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1 AND stage != ''
        GROUP BY map, map_version
    )
    WHERE events != 0
) AS simulated USING (map, map_version)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.account
(
    topic LowCardinality(String) COMMENT 'Kafka topic',
    incarnation LowCardinality(String) COMMENT 'Id of the topic: a topic made anew has another',
    partition UInt32 COMMENT 'Kafka partition',
    received Int64 COMMENT 'Records read from Kafka',
    stored Int64 COMMENT 'Records whose event stands',
    duplicate Int64 COMMENT 'Records that repeat an event with the same payload',
    superseded Int64 COMMENT 'Records that lost to a higher revision of their event',
    quarantined Int64 COMMENT 'Records kept out, with a reason (view quarantine)',
    suppressed Int64 COMMENT 'Records that may not be kept for want of consent',
    erased Int64 COMMENT 'Records of erased persons',
    gaps Int64 COMMENT 'Offsets that hold no record (compaction, transactions, retention)',
    is_balanced UInt8 COMMENT '1 when received = sum of the fates, and offsets = received + gaps'
)
SQL SECURITY DEFINER
COMMENT 'The account of each topic-partition: every record has exactly one fate (additivity: sum)'
AS SELECT
    splitByChar('/', toString(stream))[1] AS topic,
    splitByChar('/', toString(stream))[2] AS incarnation,
    toUInt32(splitByChar('/', toString(stream))[3]) AS partition,
    counts['received'] AS received,
    counts['stored'] AS stored,
    counts['duplicate'] AS duplicate,
    counts['superseded'] AS superseded,
    counts['quarantined'] AS quarantined,
    counts['suppressed'] AS suppressed,
    counts['erased'] AS erased,
    gaps,
    received = stored + duplicate + superseded + quarantined + suppressed + erased AND last_offset - first_offset + 1 = received + gaps AS is_balanced
FROM 
(
    SELECT stream, min(first_offset) AS first_offset, max(offset) AS last_offset, sum(gaps) AS gaps, sumMap(fate_counts) AS counts
    FROM journey_raw.ledger
    WHERE kind = 'mark'
    GROUP BY stream
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_persons_1d
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    persons Int64 COMMENT 'Distinct persons of the day (additivity: distinct, never sum)',
    journeys Int64 COMMENT 'Distinct journey cycles of the day (additivity: distinct, never sum)',
    is_simulated UInt8 COMMENT '1 when an event of that day is simulated: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys by day: never sum, the same ones are in several rows (additivity: distinct)'
AS SELECT
    bucket,
    map,
    map_version,
    persons_map AS persons,
    journeys_map AS journeys,
    is_simulated
FROM 
(
    SELECT
        local_date AS bucket,
        map,
        map_version,
        sum(sign * bitTest(first_of, 0)) AS persons_map,
        sum(sign * bitTest(first_of, 4)) AS journeys_map
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, map, map_version
) AS counted
LEFT JOIN
(
    SELECT bucket, map, map_version, 1 AS is_simulated
    FROM
    (
        SELECT
            local_date AS bucket,
            map,
            map_version,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1
        GROUP BY bucket, map, map_version
    )
    WHERE events != 0
) AS simulated USING (bucket, map, map_version)
WHERE persons_map != 0 OR journeys_map != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_persons_1w
(
    bucket Date COMMENT 'Monday of the local week',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    persons Int64 COMMENT 'Distinct persons of the week (additivity: distinct, never sum)',
    journeys Int64 COMMENT 'Distinct journey cycles of the week (additivity: distinct, never sum)',
    is_simulated UInt8 COMMENT '1 when an event of that week is simulated: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys by week: never sum, the same ones are in several rows (additivity: distinct)'
AS SELECT
    bucket,
    map,
    map_version,
    people AS persons,
    cycles AS journeys,
    is_simulated
FROM 
(
    SELECT bucket, map, map_version, toInt64(uniqExact(who)) AS people, toInt64(countIf(cycle > 0)) AS cycles
    FROM
    (
        SELECT toMonday(local_date) AS bucket, map, map_version, sipHash128(person) AS who, cycle
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 0
        GROUP BY bucket, map, map_version, who, cycle
        HAVING sum(sign) > 0
    )
    GROUP BY bucket, map, map_version
) AS counted
LEFT JOIN
(
    SELECT bucket, map, map_version, 1 AS is_simulated
    FROM
    (
        SELECT
            toMonday(local_date) AS bucket,
            map,
            map_version,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1
        GROUP BY bucket, map, map_version
    )
    WHERE events != 0
) AS simulated USING (bucket, map, map_version)
WHERE people != 0 OR cycles != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_persons_1mo
(
    bucket Date COMMENT 'First local day of the month',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    persons Int64 COMMENT 'Distinct persons of the month (additivity: distinct, never sum)',
    journeys Int64 COMMENT 'Distinct journey cycles of the month (additivity: distinct, never sum)',
    is_simulated UInt8 COMMENT '1 when an event of that month is simulated: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys by month: never sum, the same ones are in several rows (additivity: distinct)'
AS SELECT
    bucket,
    map,
    map_version,
    people AS persons,
    cycles AS journeys,
    is_simulated
FROM 
(
    SELECT bucket, map, map_version, toInt64(uniqExact(who)) AS people, toInt64(countIf(cycle > 0)) AS cycles
    FROM
    (
        SELECT toStartOfMonth(local_date) AS bucket, map, map_version, sipHash128(person) AS who, cycle
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 0
        GROUP BY bucket, map, map_version, who, cycle
        HAVING sum(sign) > 0
    )
    GROUP BY bucket, map, map_version
) AS counted
LEFT JOIN
(
    SELECT bucket, map, map_version, 1 AS is_simulated
    FROM
    (
        SELECT
            toStartOfMonth(local_date) AS bucket,
            map,
            map_version,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            AND is_simulated = 1
        GROUP BY bucket, map, map_version
    )
    WHERE events != 0
) AS simulated USING (bucket, map, map_version)
WHERE people != 0 OR cycles != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.kpi_dwell
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    told_by LowCardinality(String) COMMENT 'touchpoint or stage: what the value is',
    value LowCardinality(String) COMMENT 'Touchpoint or stage',
    n_followed Int64 COMMENT 'Stays there after which the journey went on (additivity: sum)',
    n_open Int64 COMMENT 'Stays there in which open journeys are now: how long is not known yet',
    open_share Nullable(Float64) COMMENT 'n_open / (n_followed + n_open); NULL without any',
    n_last Int64 COMMENT 'Stays there that ended their journey: nothing followed, so they are no wait',
    p50_seconds Nullable(Float64) COMMENT 'By then 50 % had gone on, counted from the begin of the stay: Kaplan-Meier, open ones for as long as they were seen; NULL where it is not reached',
    p75_seconds Nullable(Float64) COMMENT 'By then 75 % had gone on, counted from the begin of the stay: Kaplan-Meier, open ones for as long as they were seen; NULL where it is not reached',
    p90_seconds Nullable(Float64) COMMENT 'By then 90 % had gone on, counted from the begin of the stay: Kaplan-Meier, open ones for as long as they were seen; NULL where it is not reached',
    is_simulated UInt8 COMMENT '1 when a journey with a stay there has a simulated touchpoint: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'How long until journeys went on from a touchpoint, or from a stage to another, as of the newest event (additivity: derived)'
AS SELECT
    map,
    map_version,
    told_by,
    value,
    n_followed,
    n_open,
    if(n_followed + n_open = 0, NULL, n_open / (n_followed + n_open)) AS open_share,
    n_last,
    if(rank_50 = 0, NULL, intDiv(sorted_times[rank_50], 2)) / 1000000 AS p50_seconds,
    if(rank_75 = 0, NULL, intDiv(sorted_times[rank_75], 2)) / 1000000 AS p75_seconds,
    if(rank_90 = 0, NULL, intDiv(sorted_times[rank_90], 2)) / 1000000 AS p90_seconds,
    simulated AS is_simulated
FROM 
(
    SELECT
        *,
        arrayFirstIndex(one -> one < log(1 - 0.5) - 1e-09, logs) AS rank_50,
        arrayFirstIndex(one -> one < log(1 - 0.75) - 1e-09, logs) AS rank_75,
        arrayFirstIndex(one -> one < log(1 - 0.9) - 1e-09, logs) AS rank_90
    FROM 
    (
        SELECT
            *,
            arrayCumSum(arrayMap((one, number) -> if(bitTest(one, 0), 0, log1p(-1 / (length(sorted_times) - number + 1))), sorted_times, arrayEnumerate(sorted_times))) AS logs,
            if(told_by = 'stage', arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(stage))) FROM (
                    SELECT
                        stage,
                        sum(sign) AS events
                    FROM journey_raw.ledger
                    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                    GROUP BY stage
                ))), arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                    SELECT
                        touchpoint,
                        sum(sign) AS events
                    FROM journey_raw.ledger
                    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                    GROUP BY touchpoint
                ))))[node] AS value
        FROM 
        (
            SELECT
                map, map_version, told_by, node,
                countIf(fate = 0) AS n_followed, countIf(fate = 1) AS n_open, countIf(fate = 2) AS n_last,
                arraySort(groupArrayIf(2 * toInt64(lasted_us) + fate, fate < 2)) AS sorted_times, max(is_simulated) AS simulated
            FROM
            (
                SELECT map, map_version, told_by, cut.1 AS node, cut.2 AS fate, greatest(cut.4 - cut.3, 0) AS lasted_us, simulated AS is_simulated
                FROM
                (
                    SELECT map, map_version, told_by, stays, begins, is_open, simulated > 0 AS simulated
                    FROM
                    (
                        SELECT *, (toUnixTimestamp(due) = 0 OR due > (
                        SELECT max(hour) + toIntervalHour(1)
                        FROM (SELECT bucket AS hour, events FROM (
                            SELECT
                                toStartOfHour(event_time) AS bucket,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY bucket
                        ))
                        WHERE events != 0
                    )) AND (map, map_version, who, toUInt32(cycle + 1)) NOT IN (SELECT map, map_version, who, cycle FROM
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
                                sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
                                sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
                                sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
                                sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
                                AND cycle > 1
                            GROUP BY map, map_version, who, cycle
                            HAVING touchpoints > 0 AND (term_us < 0 OR ended_us + term_us >= (1000000 * toInt64(toUnixTimestamp((
                            SELECT max(hour) + toIntervalHour(1)
                            FROM (SELECT bucket AS hour, events FROM (
                                SELECT
                                    toStartOfHour(event_time) AS bucket,
                                    sum(sign) AS events
                                FROM journey_raw.ledger
                                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                GROUP BY bucket
                            ))
                            WHERE events != 0
                        )))))
                        )) AS is_open
                        FROM
                        (
                            SELECT
                                map, map_version, sipHash128(person) AS who, cycle, argMax(churn_due_at, touchpoint_number) AS due,
                                arraySort(groupArrayIf(bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), toUInt32(if('touchpoint' = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
                            SELECT
                                stage,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY stage
                        ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                            SELECT
                                touchpoint,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY touchpoint
                        ))), touchpoint)))), 'touchpoint' = 'touchpoint' OR is_mapped = 1)) AS touchpoint_met,
                                arraySort(groupArrayIf(toUnixTimestamp64Micro(event_time), 'touchpoint' = 'touchpoint' OR is_mapped = 1)) AS touchpoint_met_us,
                                arraySort(groupArrayIf(bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), toUInt32(if('stage' = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
                            SELECT
                                stage,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY stage
                        ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                            SELECT
                                touchpoint,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY touchpoint
                        ))), touchpoint)))), 'stage' = 'touchpoint' OR is_mapped = 1)) AS stage_met,
                                arraySort(groupArrayIf(toUnixTimestamp64Micro(event_time), 'stage' = 'touchpoint' OR is_mapped = 1)) AS stage_met_us,
                                sum(sign * is_simulated) AS simulated
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                              AND cycle > 0
                              AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
                            GROUP BY map, map_version, who, cycle
                        )
                    )
                    ARRAY JOIN ['touchpoint', 'stage'] AS told_by, [if('touchpoint' = 'stage', arrayCompact(arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), touchpoint_met)), arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), touchpoint_met)), if('stage' = 'stage', arrayCompact(arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), stage_met)), arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), stage_met))] AS stays, [if('touchpoint' = 'stage', arrayFilter((time, one, before) -> one != before, touchpoint_met_us, arrayMap(event -> bitAnd(event, 4294967295), touchpoint_met), arrayPushFront(arrayPopBack(arrayMap(event -> bitAnd(event, 4294967295), touchpoint_met)), 0)), touchpoint_met_us), if('stage' = 'stage', arrayFilter((time, one, before) -> one != before, stage_met_us, arrayMap(event -> bitAnd(event, 4294967295), stage_met), arrayPushFront(arrayPopBack(arrayMap(event -> bitAnd(event, 4294967295), stage_met)), 0)), stage_met_us)] AS begins
                )
                ARRAY JOIN arrayZip(stays, arrayMap(number -> if(number < length(stays), 0, if(is_open, 1, 2)), arrayEnumerate(stays)), begins, arrayPushBack(arrayPopFront(begins), 1000000 * toInt64(toUnixTimestamp((
                SELECT max(hour) + toIntervalHour(1)
                FROM (SELECT bucket AS hour, events FROM (
                    SELECT
                        toStartOfHour(event_time) AS bucket,
                        sum(sign) AS events
                    FROM journey_raw.ledger
                    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                    GROUP BY bucket
                ))
                WHERE events != 0
            ))))) AS cut
            )
            GROUP BY map, map_version, told_by, node
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.path_edges
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    told_by LowCardinality(String) COMMENT 'touchpoint or stage: what the nodes are; never mix them',
    step UInt8 COMMENT 'Number of the edge in the journey: 0 leads from (start) to its first node, k from the k-th to the next',
    from_node LowCardinality(String) COMMENT 'Touchpoint or stage, with a * behind a name that reads like these; (start); (end) or (open) for journeys that are told',
    to_node LowCardinality(String) COMMENT 'Touchpoint or stage; (end) when the journey is over, (open) when it may go on',
    journeys Int64 COMMENT 'Journeys that pass the edge (additivity: sum within a step)',
    is_simulated UInt8 COMMENT '1 when a journey that passes the edge has a simulated touchpoint: label the numbers. It is no key: without these rows real events are missing, too'
)
SQL SECURITY DEFINER
COMMENT 'The first 10 steps of all journeys, edge by edge, as of the newest event (additivity: sum within map, version, told_by and step)'
AS SELECT
    map,
    map_version,
    told_by,
    step,
    from_node,
    to_node,
    passing AS journeys,
    simulated AS is_simulated
FROM 
(
    SELECT
        *,
        if(told_by = 'stage', arrayConcat(['(start)', '(end)', '(open)'], arrayMap(name -> if(match(name, '^[(](start|end|open|other)[)][*]*$'), concat(name, '*'), name), (SELECT arraySort(groupArray(toString(stage))) FROM (
                SELECT
                    stage,
                    sum(sign) AS events
                FROM journey_raw.ledger
                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                GROUP BY stage
            )))), arrayConcat(['(start)', '(end)', '(open)'], arrayMap(name -> if(match(name, '^[(](start|end|open|other)[)][*]*$'), concat(name, '*'), name), (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                SELECT
                    touchpoint,
                    sum(sign) AS events
                FROM journey_raw.ledger
                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                GROUP BY touchpoint
            )))))[left] AS from_node,
        if(told_by = 'stage', arrayConcat(['(start)', '(end)', '(open)'], arrayMap(name -> if(match(name, '^[(](start|end|open|other)[)][*]*$'), concat(name, '*'), name), (SELECT arraySort(groupArray(toString(stage))) FROM (
                SELECT
                    stage,
                    sum(sign) AS events
                FROM journey_raw.ledger
                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                GROUP BY stage
            )))), arrayConcat(['(start)', '(end)', '(open)'], arrayMap(name -> if(match(name, '^[(](start|end|open|other)[)][*]*$'), concat(name, '*'), name), (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                SELECT
                    touchpoint,
                    sum(sign) AS events
                FROM journey_raw.ledger
                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                GROUP BY touchpoint
            )))))[entered] AS to_node
    FROM 
    (
        SELECT map, map_version, told_by, edge.1 AS step, edge.2 AS left, edge.3 AS entered, toInt64(sum(same)) AS passing, max(is_simulated) AS simulated
        FROM
        (
            SELECT map, map_version, told_by, arrayResize(stays, 10, toUInt32(if(is_open, 3, 2))) AS way, count() AS same, max(simulated) AS is_simulated
            FROM
            (
                SELECT map, map_version, told_by, stays, is_open, simulated > 0 AS simulated
                FROM
                (
                    SELECT *, (toUnixTimestamp(due) = 0 OR due > (
                    SELECT max(hour) + toIntervalHour(1)
                    FROM (SELECT bucket AS hour, events FROM (
                        SELECT
                            toStartOfHour(event_time) AS bucket,
                            sum(sign) AS events
                        FROM journey_raw.ledger
                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                        GROUP BY bucket
                    ))
                    WHERE events != 0
                )) AND (map, map_version, who, toUInt32(cycle + 1)) NOT IN (SELECT map, map_version, who, cycle FROM
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
                            sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
                            sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
                            sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
                            sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us
                        FROM journey_raw.ledger
                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
                            AND cycle > 1
                        GROUP BY map, map_version, who, cycle
                        HAVING touchpoints > 0 AND (term_us < 0 OR ended_us + term_us >= (1000000 * toInt64(toUnixTimestamp((
                        SELECT max(hour) + toIntervalHour(1)
                        FROM (SELECT bucket AS hour, events FROM (
                            SELECT
                                toStartOfHour(event_time) AS bucket,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY bucket
                        ))
                        WHERE events != 0
                    )))))
                    )) AS is_open
                    FROM
                    (
                        SELECT
                            map, map_version, sipHash128(person) AS who, cycle, argMax(churn_due_at, touchpoint_number) AS due,
                            arraySort(groupArrayIf(bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), toUInt32(if('touchpoint' = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
                        SELECT
                            stage,
                            sum(sign) AS events
                        FROM journey_raw.ledger
                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                        GROUP BY stage
                    ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                        SELECT
                            touchpoint,
                            sum(sign) AS events
                        FROM journey_raw.ledger
                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                        GROUP BY touchpoint
                    ))), touchpoint)))), 'touchpoint' = 'touchpoint' OR is_mapped = 1)) AS touchpoint_met,
                            arraySort(groupArrayIf(toUnixTimestamp64Micro(event_time), 'touchpoint' = 'touchpoint' OR is_mapped = 1)) AS touchpoint_met_us,
                            arraySort(groupArrayIf(bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), toUInt32(if('stage' = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
                        SELECT
                            stage,
                            sum(sign) AS events
                        FROM journey_raw.ledger
                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                        GROUP BY stage
                    ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                        SELECT
                            touchpoint,
                            sum(sign) AS events
                        FROM journey_raw.ledger
                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                        GROUP BY touchpoint
                    ))), touchpoint)))), 'stage' = 'touchpoint' OR is_mapped = 1)) AS stage_met,
                            arraySort(groupArrayIf(toUnixTimestamp64Micro(event_time), 'stage' = 'touchpoint' OR is_mapped = 1)) AS stage_met_us,
                            sum(sign * is_simulated) AS simulated
                        FROM journey_raw.ledger
                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                          AND cycle > 0
                          AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
                        GROUP BY map, map_version, who, cycle
                    )
                )
                ARRAY JOIN ['touchpoint', 'stage'] AS told_by, [if('touchpoint' = 'stage', arrayCompact(arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), touchpoint_met)), arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), touchpoint_met)), if('stage' = 'stage', arrayCompact(arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), stage_met)), arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), stage_met))] AS stays
            )
            GROUP BY map, map_version, told_by, way
        )
        ARRAY JOIN arrayZip(range(toUInt8(10)), arrayPopBack(arrayPushFront(way, toUInt32(1))), way) AS edge
        GROUP BY map, map_version, told_by, step, left, entered
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.map_days
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    first_day Date COMMENT 'First local day on which it places an event',
    last_day Date COMMENT 'Last local day on which it places an event',
    events Int64 COMMENT 'Events that it places (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'Which local days each version of a map covers: those of the events that it gives a stage'
AS SELECT
    map,
    map_version,
    first_day,
    last_day,
    events
FROM 
(
    SELECT map, map_version, min(local_date) AS first_day, max(local_date) AS last_day, sum(events_of_day) AS events
    FROM (SELECT map, map_version, local_date, events AS events_of_day FROM (
SELECT
    map,
    map_version,
    local_date,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND stage != ''
GROUP BY map, map_version, local_date
    ) WHERE events != 0)
    GROUP BY map, map_version
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.freshness
(
    source LowCardinality(String) COMMENT 'System that sent the events (dim_source.id)',
    last_event_time DateTime64(6, 'UTC') COMMENT 'Time of its newest event (UTC)',
    last_received_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the sender''s side received its newest one (UTC); NULL when it does not say',
    last_stored_at DateTime64(3, 'UTC') COMMENT 'When the newest one was stored (UTC)',
    events Int64 COMMENT 'Events that stand, of every type (additivity: sum)',
    delay_p50_seconds Float64 COMMENT 'Median time from an event to where it can be read, of those stored in the last day before last_stored_at',
    delay_p90_seconds Float64 COMMENT 'The time that 90 % of these stay below'
)
SQL SECURITY DEFINER
COMMENT 'How fresh the data of each source are'
AS SELECT
    source,
    newest AS last_event_time,
    if(toUnixTimestamp64Micro(received) = 0, NULL, received) AS last_received_at,
    stored AS last_stored_at,
    toInt64(events_stored) AS events,
    delays[1] AS delay_p50_seconds,
    delays[2] AS delay_p90_seconds
FROM 
(
    SELECT
        source, max(event_time) AS newest, max(received_time) AS received, max(stored_time) AS stored, count() AS events_stored,
        quantilesExactIf(0.5, 0.9)(
            toUnixTimestamp64Milli(stored_time) / 1000 - toUnixTimestamp64Micro(event_time) / 1000000,
            stored_time > newest_stored - toIntervalDay(1)
        ) AS delays
    FROM journey_raw.ledger
    INNER JOIN
    (
        SELECT source AS sender, max(stored_time) AS newest_stored
        FROM journey_raw.ledger
        WHERE kind = 'received' AND fate = 'stored' AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
        GROUP BY sender
    ) AS newest ON source = sender
    WHERE kind = 'received' AND fate = 'stored' AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
    GROUP BY source
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.dim_map
(
    id LowCardinality(String) COMMENT 'Id of the map (column map elsewhere)',
    name String COMMENT 'Title of the map',
    map_version UInt32 COMMENT 'Version of the map',
    is_default UInt8 COMMENT '1 for the map by which touchpoints, answers and orders are shown',
    stages UInt8 COMMENT 'Number of stages',
    description Nullable(String) COMMENT 'What the map is for; NULL when not said',
    content_hash String COMMENT 'Hash of the map''s content: it never changes under one version',
    registered_at DateTime64(6, 'UTC') COMMENT 'When it, or a change of its annotations, was registered (UTC)',
    content String COMMENT 'The whole map as JSON, with all that people wrote down about it, annotations as registered last'
)
SQL SECURITY DEFINER
COMMENT 'Journey maps, one row per map and version'
AS SELECT
    map AS id,
    title AS name,
    version AS map_version,
    map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map) AS is_default,
    stages,
    nullIf(description, '') AS description,
    content_hash,
    registered_at,
    content
FROM 
(
    SELECT * FROM journey_raw.maps ORDER BY registered_at DESC LIMIT 1 BY map, version
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.dim_stage
(
    id LowCardinality(String) COMMENT 'Id of the stage (column stage elsewhere)',
    name String COMMENT 'Name of the stage',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map',
    stage_order UInt8 COMMENT 'Place in the map, from 1',
    description Nullable(String) COMMENT 'What happens there; NULL when not said'
)
SQL SECURITY DEFINER
COMMENT 'Stages, one row per map, version and stage'
AS SELECT
    stage AS id,
    name,
    map,
    version AS map_version,
    stage_order,
    nullIf(description, '') AS description
FROM 
(
    SELECT * FROM journey_raw.stages LIMIT 1 BY map, version, stage
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.dim_touchpoint
(
    id LowCardinality(String) COMMENT 'Id of the touchpoint (column touchpoint elsewhere)',
    name String COMMENT 'Name of the touchpoint',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map',
    channel LowCardinality(String) COMMENT 'Its channel',
    is_online UInt8 COMMENT '1 when online',
    ownership LowCardinality(String) COMMENT 'owned, earned or paid',
    observability LowCardinality(String) COMMENT 'traceable, survey_only or unobservable',
    owner Nullable(String) COMMENT 'Who answers for it; NULL when not said',
    description Nullable(String) COMMENT 'What it is; NULL when not said'
)
SQL SECURITY DEFINER
COMMENT 'Touchpoints that the maps know, one row per map, version and touchpoint'
AS SELECT
    touchpoint AS id,
    name,
    map,
    version AS map_version,
    channel,
    is_online,
    ownership,
    observability,
    nullIf(owner, '') AS owner,
    nullIf(description, '') AS description
FROM 
(
    SELECT * FROM journey_raw.touchpoints LIMIT 1 BY map, version, touchpoint
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.dim_place
(
    id LowCardinality(String) COMMENT 'Id of the place (column place elsewhere)',
    name String COMMENT 'Name of the place; its id when it has none',
    kind LowCardinality(Nullable(String)) COMMENT 'shop, kiosk, branch, ...; NULL when not said',
    zone LowCardinality(Nullable(String)) COMMENT 'IANA zone of its local days; NULL when the company''s counts',
    city Nullable(String) COMMENT 'City; NULL when not said',
    region Nullable(String) COMMENT 'State or region; NULL when not said',
    country LowCardinality(Nullable(String)) COMMENT 'ISO 3166 country; NULL when not said'
)
SQL SECURITY DEFINER
COMMENT 'Places'
AS SELECT
    place AS id,
    if(name = '', place, name) AS name,
    nullIf(kind, '') AS kind,
    nullIf(zone, '') AS zone,
    nullIf(city, '') AS city,
    nullIf(region, '') AS region,
    nullIf(country, '') AS country
FROM 
(
    SELECT * FROM journey_raw.places ORDER BY registered_at DESC LIMIT 1 BY place
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.dim_source
(
    id LowCardinality(String) COMMENT 'Id of the source (column source elsewhere)',
    name String COMMENT 'Name of the source; its id when it has none',
    zone LowCardinality(Nullable(String)) COMMENT 'IANA zone of its times without offset; NULL when they need one',
    legal_basis LowCardinality(String) COMMENT 'Legal basis on which its events are kept',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand of its events; NULL when not said',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of its events; NULL when not said',
    retention_days Nullable(UInt32) COMMENT 'Term after which its events go; NULL for none'
)
SQL SECURITY DEFINER
COMMENT 'Sources of events'
AS SELECT
    source AS id,
    if(name = '', source, name) AS name,
    nullIf(zone, '') AS zone,
    legal_basis,
    nullIf(brand, '') AS brand,
    nullIf(channel, '') AS channel,
    nullIf(retention_days, 0) AS retention_days
FROM 
(
    SELECT * FROM journey_raw.sources ORDER BY registered_at DESC LIMIT 1 BY source
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.dim_kpi
(
    id LowCardinality(String) COMMENT 'Id of the KPI (column kpi elsewhere)',
    name String COMMENT 'Name of the KPI',
    variant LowCardinality(Nullable(String)) COMMENT 'Formula variant of a survey KPI; NULL for others',
    is_default Nullable(UInt8) COMMENT '1 for the variant of answers on its scale that name none; NULL without variants',
    unit LowCardinality(String) COMMENT 'Unit of the value',
    additivity LowCardinality(String) COMMENT 'sum, distinct, histogram or derived: how values of several rows may be put together',
    formula String COMMENT 'Formula in words',
    scale_min Nullable(Int16) COMMENT 'Lowest score of the scale on which the variant is defined',
    scale_max Nullable(Int16) COMMENT 'Highest score of that scale',
    is_low_good Nullable(UInt8) COMMENT '1 when low values are good, as of an effort; NULL for plain counts, of which the catalogue does not say',
    ci_method LowCardinality(Nullable(String)) COMMENT 'How its interval is computed; NULL for plain counts',
    source String COMMENT 'Where the formula comes from'
)
SQL SECURITY DEFINER
COMMENT 'The KPI catalogue, one row per KPI and formula variant'
AS SELECT
    id,
    name,
    variant,
    is_default,
    unit,
    additivity,
    formula,
    scale_min,
    scale_max,
    is_low_good,
    ci_method,
    source
FROM values('id String, name String, variant Nullable(String), is_default Nullable(UInt8), unit String, additivity String, formula String, scale_min Nullable(Int16), scale_max Nullable(Int16), is_low_good Nullable(UInt8), ci_method Nullable(String), source String',
    ('events', 'Touchpoint events', NULL, NULL, 'events', 'sum', 'number of touchpoint events that stand', NULL, NULL, NULL, NULL, 'definition'),
    ('persons', 'Persons', NULL, NULL, 'persons', 'distinct', 'number of persons with at least one touchpoint in the local day, for the one grain of the view; over other periods count persons in touchpoints', NULL, NULL, NULL, NULL, 'definition'),
    ('journeys', 'Journeys', NULL, NULL, 'journeys', 'distinct', 'number of journey cycles with at least one touchpoint in the local day, for the one grain of the view', NULL, NULL, NULL, NULL, 'definition'),
    ('revenue', 'Revenue', NULL, NULL, 'currency', 'sum', 'paid amounts, tax included, less refunds; per currency, never summed across currencies', NULL, NULL, NULL, NULL, 'definition'),
    ('stage_rate', 'Stage conversion', NULL, NULL, 'ratio', 'derived', 'journeys that passed the stages from the first to the next in order / journeys that passed those from the first to this one; other events may lie between, events of one instant are in any order', NULL, NULL, NULL, 'wilson', 'windowFunnel of ClickHouse in its default mode, per journey cycle; interval by Wilson 1927'),
    ('stage_rate_any', 'Stage conversion in any order', NULL, NULL, 'ratio', 'derived', 'journeys that reached the next stage or a later one / journeys that reached this stage or a later one', NULL, NULL, NULL, 'wilson', 'share of a cumulative count; interval by Wilson 1927'),
    ('stage_rate_closed', 'Stage conversion of closed windows', NULL, NULL, 'ratio', 'derived', 'selected journeys that reached the next stage / selected journeys that reached this one, both of those whose window is over: the map''s churn term has passed since they began; without a term all', NULL, NULL, NULL, 'wilson', 'conversion within a window, of closed windows only; interval by Wilson 1927'),
    ('drop_off', 'Drop-off at a touchpoint', NULL, NULL, 'ratio', 'derived', 'selected journeys that ended there without a conversion / selected journeys through it, both of those whose window is over: the map''s churn term has passed since they began; without a term all', NULL, NULL, NULL, 'wilson', 'definition; interval by Wilson 1927'),
    ('stay', 'Wait until the journey goes on', NULL, NULL, 'seconds', 'derived', 'percentiles of the time from a touchpoint to the next, or from the first event at a stage to the first at another; where open journeys are now counts for as long as it was seen', NULL, NULL, NULL, NULL, 'Kaplan and Meier 1958'),
    ('wait', 'Wait since the touchpoint before', NULL, NULL, 'seconds', 'histogram', 'number of touchpoints by time since the same person''s touchpoint before, in classes of powers of two', NULL, NULL, NULL, NULL, 'definition'),
    ('unmapped', 'Unmapped events', NULL, NULL, 'events', 'sum', 'number of touchpoint events that no rule and no touchpoint of the default map gives a stage', NULL, NULL, NULL, NULL, 'definition'),
    ('nps', 'Net Promoter Score', 'standard', 1, 'points', 'derived', '100 (promoters - detractors) / n; promoters 9-10, passives 7-8, detractors 0-6', 0, 10, 0, 'adjusted_wald', 'Reichheld 2003; interval by Rocks, The American Statistician 2016 (n + 3, promoters + 3/4, detractors + 3/4)'),
    ('csat', 'Customer satisfaction', 'top_2_box', 1, 'percent', 'derived', '100 (answers 4-5) / n; the mean is not CSAT', 1, 5, 0, 'wilson', 'top-2-box of 1-5; interval by Wilson 1927'),
    ('csat', 'Customer satisfaction', 'top_2_box_of_7', 1, 'percent', 'derived', '100 (answers 6-7) / n; never pooled with the scale of 1-5', 1, 7, 0, 'wilson', 'top-2-box of 1-7; interval by Wilson 1927'),
    ('ces', 'Customer effort score 2.0', 'mean', 1, 'score', 'derived', 'sum of scores / n', 1, 7, 0, 'student_t', 'mean of 1-7, as published by Nicereply; interval by Student''s t'),
    ('ces', 'Customer effort score 2.0', 'top_3_box', 0, 'percent', 'derived', '100 (answers 5-7) / n', 1, 7, 0, 'wilson', 'share of 5-7, as published by Zonka; interval by Wilson 1927'),
    ('ces', 'Customer effort score 2.0', 'net', 0, 'points', 'derived', '100 (answers 6-7 - answers 1-3) / n', 1, 7, 0, 'adjusted_wald', 'index of CYS; interval as for NPS'),
    ('ces', 'Customer effort score 2.0', 'effort_mean', 1, 'score', 'derived', 'sum of scores / n; the forerunner, where a low score is good', 1, 5, 1, 'student_t', 'CES 1, Dixon, Freeman and Toman 2010; interval by Student''s t'),
    ('emotion', 'Emotion rating', 'net', 1, 'points', 'derived', '100 (answers 6-7 - answers 1-3) / n; Temkin publishes it from n = 100 on', 1, 7, 0, 'adjusted_wald', 'Temkin Experience Ratings; interval as for NPS'))
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.kpi_volume_1h_events
(
    bucket DateTime('UTC') COMMENT 'UTC hour',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    events Int64 COMMENT 'What the event adds to: number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.kpi_volume_1h: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    toInt64(1) AS events
FROM 
(
    SELECT *, toStartOfHour(event_time) AS bucket
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.kpi_volume_1d_events
(
    bucket Date COMMENT 'Local day',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    events Int64 COMMENT 'What the event adds to: number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.kpi_volume_1d: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    toInt64(1) AS events
FROM 
(
    SELECT *, local_date AS bucket
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.kpi_persons_touchpoint_1d_events
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    persons Int64 COMMENT 'What the event adds to: distinct persons of the day in this grain (additivity: distinct, do not add up)',
    journeys Int64 COMMENT 'What the event adds to: distinct journey cycles of the day in this grain (additivity: distinct, do not add up)'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.kpi_persons_touchpoint_1d: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    bucket,
    map,
    map_version,
    touchpoint,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    toInt64(bitTest(first_of, 1)) AS persons,
    toInt64(bitTest(first_of, 5)) AS journeys
FROM 
(
    SELECT *, local_date AS bucket
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
      AND touchpoint_number > 0
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.kpi_persons_stage_1d_events
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    persons Int64 COMMENT 'What the event adds to: distinct persons of the day in this grain (additivity: distinct, do not add up)',
    journeys Int64 COMMENT 'What the event adds to: distinct journey cycles of the day in this grain (additivity: distinct, do not add up)'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.kpi_persons_stage_1d: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    bucket,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    toInt64(bitTest(first_of, 2)) AS persons,
    toInt64(bitTest(first_of, 6)) AS journeys
FROM 
(
    SELECT *, local_date AS bucket
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
      AND touchpoint_number > 0 AND is_mapped = 1
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.kpi_persons_channel_1d_events
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    persons Int64 COMMENT 'What the event adds to: distinct persons of the day in this grain (additivity: distinct, do not add up)',
    journeys Int64 COMMENT 'What the event adds to: distinct journey cycles of the day in this grain (additivity: distinct, do not add up)'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.kpi_persons_channel_1d: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    bucket,
    map,
    map_version,
    nullIf(channel, '') AS channel,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    toInt64(bitTest(first_of, 3)) AS persons,
    toInt64(bitTest(first_of, 7)) AS journeys
FROM 
(
    SELECT *, local_date AS bucket
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
      AND touchpoint_number > 0
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.kpi_survey_1h_events
(
    bucket DateTime('UTC') COMMENT 'UTC hour',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    kpi LowCardinality(String) COMMENT 'KPI that the question feeds (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    n Int64 COMMENT 'What the event adds to: answers that count: complete or partial, with a score on the scale of the variant (additivity: sum)',
    n_positive Int64 COMMENT 'What the event adds to: answers of the good class: promoters, satisfied, ... (additivity: sum)',
    n_neutral Int64 COMMENT 'What the event adds to: answers of neither class (additivity: sum)',
    n_negative Int64 COMMENT 'What the event adds to: answers of the bad class: detractors, dissatisfied, ... (additivity: sum)',
    numerator Float64 COMMENT 'What the event adds to: numerator of the value, before the factor 100 of points and percent (additivity: sum)',
    denominator Int64 COMMENT 'What the event adds to: denominator of the value (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.kpi_survey_1h: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    kpi,
    kpi_variant AS variant,
    scope,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    toInt64(1) AS n,
    toInt64(is_positive) AS n_positive,
    toInt64(NOT is_positive AND NOT is_negative) AS n_neutral,
    toInt64(is_negative) AS n_negative,
    multiIf(formula_kind = 'net', toFloat64(is_positive) - toFloat64(is_negative), formula_kind = 'share', toFloat64(is_positive), round(score * 1000) / 1000) AS numerator,
    toInt64(1) AS denominator
FROM 
(
    SELECT *, formulas.kind AS formula_kind, score BETWEEN good_from AND good_to AS is_positive, score BETWEEN bad_from AND bad_to AS is_negative
    FROM
    (
        SELECT *, toStartOfHour(about_time) AS bucket
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
          AND disposition IN ('complete', 'partial')
          AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
    ) AS scores
    INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
        ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
        ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
        ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
        ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
        ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
        ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
        ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
        ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
        ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
        ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
        ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
        ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
        ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
        ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
    USING (kpi, variant, scale_min, scale_max)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.kpi_survey_1d_events
(
    bucket Date COMMENT 'Local day',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    kpi LowCardinality(String) COMMENT 'KPI that the question feeds (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    n Int64 COMMENT 'What the event adds to: answers that count: complete or partial, with a score on the scale of the variant (additivity: sum)',
    n_positive Int64 COMMENT 'What the event adds to: answers of the good class: promoters, satisfied, ... (additivity: sum)',
    n_neutral Int64 COMMENT 'What the event adds to: answers of neither class (additivity: sum)',
    n_negative Int64 COMMENT 'What the event adds to: answers of the bad class: detractors, dissatisfied, ... (additivity: sum)',
    numerator Float64 COMMENT 'What the event adds to: numerator of the value, before the factor 100 of points and percent (additivity: sum)',
    denominator Int64 COMMENT 'What the event adds to: denominator of the value (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.kpi_survey_1d: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    kpi,
    kpi_variant AS variant,
    scope,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    toInt64(1) AS n,
    toInt64(is_positive) AS n_positive,
    toInt64(NOT is_positive AND NOT is_negative) AS n_neutral,
    toInt64(is_negative) AS n_negative,
    multiIf(formula_kind = 'net', toFloat64(is_positive) - toFloat64(is_negative), formula_kind = 'share', toFloat64(is_positive), round(score * 1000) / 1000) AS numerator,
    toInt64(1) AS denominator
FROM 
(
    SELECT *, formulas.kind AS formula_kind, score BETWEEN good_from AND good_to AS is_positive, score BETWEEN bad_from AND bad_to AS is_negative
    FROM
    (
        SELECT *, local_date AS bucket
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
          AND disposition IN ('complete', 'partial')
          AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
    ) AS scores
    INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
        ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
        ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
        ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
        ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
        ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
        ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
        ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
        ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
        ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
        ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
        ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
        ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
        ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
        ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
    USING (kpi, variant, scale_min, scale_max)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.kpi_revenue_1d_events
(
    bucket Date COMMENT 'Local day',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    brand LowCardinality(Nullable(String)) COMMENT 'Brand; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    currency LowCardinality(Nullable(String)) COMMENT 'ISO 4217 currency: never sum across currencies; NULL without amount',
    kind LowCardinality(Nullable(String)) COMMENT 'purchase or refund; NULL when not said',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    orders Int64 COMMENT 'What the event adds to: number of events with an amount (additivity: sum)',
    amount Nullable(Decimal(18, 4)) COMMENT 'What the event adds to: paid amount, tax included, in units of the currency; negative for a refund'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.kpi_revenue_1d: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    bucket,
    touchpoint,
    nullIf(channel, '') AS channel,
    is_online,
    is_simulated,
    nullIf(brand, '') AS brand,
    nullIf(place, '') AS place,
    nullIf(persona, '') AS persona,
    nullIf(segment, '') AS segment,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    nullIf(stage_order, 0) AS stage_order,
    nullIf(currency, '') AS currency,
    nullIf(order_kind, '') AS kind,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    toInt64(1) AS orders,
    accurateCastOrNull(toDecimal128(amount_minor, 4) / toDecimal128(intExp10(currency_exponent), 0), 'Decimal(18, 4)') AS amount
FROM 
(
    SELECT *, local_date AS bucket
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND currency != ''
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.kpi_wait_1d_events
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    wait_from_seconds Int64 COMMENT 'Lower end of the class, included',
    wait_below_seconds Int64 COMMENT 'Upper end of the class, excluded',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    events Int64 COMMENT 'What the event adds to: number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.kpi_wait_1d: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    bucket,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    touchpoint,
    nullIf(channel, '') AS channel,
    class AS wait_from_seconds,
    if(class = 0, 1, 2 * class) AS wait_below_seconds,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    toInt64(1) AS events
FROM 
(
    SELECT *, local_date AS bucket, roundToExp2(intDiv(wait_us, 1000000)) AS class
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 1
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.funnel_stage_events
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(String) COMMENT 'Stage (dim_stage.id)',
    stage_order UInt8 COMMENT 'Place of the stage in the map, from 1',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    reached Int64 COMMENT 'What the event adds to: journeys that passed the stages from the first to this stage in order',
    reached_next Nullable(Int64) COMMENT 'What the event adds to: journeys that passed the stages from the first to the next stage in order; NULL for the last'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.funnel_stage: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    map,
    map_version,
    stage,
    stage_order,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    reached,
    reached_next
FROM 
(
    SELECT
        map, map_version, stage, stage_order, event_time, source, event_id, person,
        toInt64(stage_order > before) AS reached,
        if(stage_order = last_order, NULL, toInt64(stage_order < after)) AS reached_next
    FROM
    (
        SELECT map, map_version, stage_order, event_time, source, event_id, person, before, after
        FROM
        (
            SELECT map, map_version, event_time, source, event_id, person, funnel_before AS before, funnel_depth AS after
            FROM journey_raw.ledger
            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND funnel_before < funnel_depth
              AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
        )
        ARRAY JOIN range(toUInt8(greatest(before, 1)), toUInt8(after + 1)) AS stage_order
    ) AS steps
    INNER JOIN
    (
        SELECT map, version AS map_version, stage, stage_order, max(stage_order) OVER (PARTITION BY map, version) AS last_order
        FROM (SELECT * FROM journey_raw.stages LIMIT 1 BY map, version, stage)
    ) AS stages USING (map, map_version, stage_order)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.funnel_stage_any_events
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(String) COMMENT 'Stage (dim_stage.id)',
    stage_order UInt8 COMMENT 'Place of the stage in the map, from 1',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    reached Int64 COMMENT 'What the event adds to: journeys that reached this stage or a later one',
    reached_next Nullable(Int64) COMMENT 'What the event adds to: journeys that reached the next stage or a later one; NULL for the last'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.funnel_stage_any: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    map,
    map_version,
    stage,
    stage_order,
    event_time,
    source,
    event_id,
    nullIf(person, '') AS person,
    reached,
    reached_next
FROM 
(
    SELECT
        map, map_version, stage, stage_order, event_time, source, event_id, person,
        toInt64(stage_order > before) AS reached,
        if(stage_order = last_order, NULL, toInt64(stage_order < after)) AS reached_next
    FROM
    (
        SELECT map, map_version, stage_order, event_time, source, event_id, person, before, after
        FROM
        (
            SELECT map, map_version, event_time, source, event_id, person, stage_max_before AS before, stage_max AS after
            FROM journey_raw.ledger
            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND stage_max_before < stage_max
              AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
        )
        ARRAY JOIN range(toUInt8(greatest(before, 1)), toUInt8(after + 1)) AS stage_order
    ) AS steps
    INNER JOIN
    (
        SELECT map, version AS map_version, stage, stage_order, max(stage_order) OVER (PARTITION BY map, version) AS last_order
        FROM (SELECT * FROM journey_raw.stages LIMIT 1 BY map, version, stage)
    ) AS stages USING (map, map_version, stage_order)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.unmapped_events
(
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    action LowCardinality(Nullable(String)) COMMENT 'What the person did there; NULL when not said',
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    event_id String COMMENT 'Id of the event within its source',
    person Nullable(String) COMMENT 'Person key; NULL when the event names nobody',
    events Int64 COMMENT 'What the event adds to: number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'The events behind journey.unmapped: one row per event and cell, with what it adds to the cell (additivity: sum)'
AS SELECT
    source,
    touchpoint,
    nullIf(action, '') AS action,
    event_time,
    event_id,
    nullIf(person, '') AS person,
    toInt64(1) AS events
FROM 
(
    SELECT *
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND is_mapped = 0
      AND map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.survey_by_touchpoint
(
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    kpi LowCardinality(String) COMMENT 'KPI (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    unit LowCardinality(String) COMMENT 'Unit of the value: points, percent or score',
    scale_low Float64 COMMENT 'Lowest value that the KPI can have',
    scale_high Float64 COMMENT 'Highest value that the KPI can have',
    n Nullable(Int64) COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum); NULL when suppressed',
    n_positive Nullable(Int64) COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum); NULL when suppressed',
    n_neutral Nullable(Int64) COMMENT 'Answers of neither class (additivity: sum); NULL when suppressed',
    n_negative Nullable(Int64) COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum); NULL when suppressed',
    value Nullable(Float64) COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived); NULL when suppressed',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_method LowCardinality(Nullable(String)) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t; NULL without interval',
    is_small_n Nullable(UInt8) COMMENT '1 below the KPI''s minimum of answers (small_n of the catalogue): read with care',
    is_suppressed UInt8 COMMENT '1 when few answers, split by who gave them or where, are not shown: n and all numbers are NULL',
    n_before Nullable(Int64) COMMENT 'Answers of the period before; NULL when suppressed',
    value_before Nullable(Float64) COMMENT 'The KPI of the period before; NULL without answers and when suppressed',
    change Nullable(Float64) COMMENT 'Value less value before; NULL unless both are shown',
    change_low Nullable(Float64) COMMENT 'Lower bound of the 95 % interval of the change',
    change_high Nullable(Float64) COMMENT 'Upper bound of the 95 % interval of the change',
    trend LowCardinality(Nullable(String)) COMMENT 'up or down where the interval of the change leaves zero out (of twenty KPIs that did not change one seems to), no proof of change, no answers to compare; NULL when suppressed',
    target Nullable(Float64) COMMENT 'What the map holds the KPI against; NULL when it says nothing, or several things',
    target_verdict LowCardinality(Nullable(String)) COMMENT 'met or missed where the interval leaves no doubt, else not proved; NULL without',
    question Nullable(String) COMMENT 'Wording of the question in the map; NULL when the map does not ask it'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs of the selection by touchpoint and the stage where it stood, against the period before and the map''s target (additivity: derived)'
AS SELECT
    CAST(touchpoint, 'LowCardinality(String)') AS touchpoint,
    CAST(nullIf(stage, ''), 'LowCardinality(Nullable(String))') AS stage,
    CAST(nullIf(stage_order, 0), 'Nullable(UInt8)') AS stage_order,
    CAST(is_simulated, 'UInt8') AS is_simulated,
    CAST(kpi, 'LowCardinality(String)') AS kpi,
    CAST(kpi_variant, 'LowCardinality(String)') AS variant,
    CAST(scope, 'LowCardinality(String)') AS scope,
    CAST(unit, 'LowCardinality(String)') AS unit,
    CAST(lowest, 'Float64') AS scale_low,
    CAST(highest, 'Float64') AS scale_high,
    CAST(if(now_is_hidden, NULL, now_n), 'Nullable(Int64)') AS n,
    CAST(if(now_is_hidden, NULL, now_n_positive), 'Nullable(Int64)') AS n_positive,
    CAST(if(now_is_hidden, NULL, now_n_neutral), 'Nullable(Int64)') AS n_neutral,
    CAST(if(now_is_hidden, NULL, now_n_negative), 'Nullable(Int64)') AS n_negative,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_value), 'Nullable(Float64)') AS value,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_ci_low), 'Nullable(Float64)') AS ci_low,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_ci_high), 'Nullable(Float64)') AS ci_high,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_ci_method), 'LowCardinality(Nullable(String))') AS ci_method,
    CAST(if(now_is_hidden, NULL, now_n < small_n), 'Nullable(UInt8)') AS is_small_n,
    CAST(now_is_hidden, 'UInt8') AS is_suppressed,
    CAST(if(before_is_hidden, NULL, before_n), 'Nullable(Int64)') AS n_before,
    CAST(if(greatest(before_is_hidden, before_n = 0), NULL, before_value), 'Nullable(Float64)') AS value_before,
    CAST(if(greatest(now_is_hidden, before_is_hidden, now_n = 0, before_n = 0), NULL, change), 'Nullable(Float64)') AS change,
    CAST(if(greatest(now_is_hidden, before_is_hidden, now_n = 0, before_n = 0), NULL, change_low), 'Nullable(Float64)') AS change_low,
    CAST(if(greatest(now_is_hidden, before_is_hidden, now_n = 0, before_n = 0), NULL, change_high), 'Nullable(Float64)') AS change_high,
    CAST(if(greatest(now_is_hidden, before_is_hidden), NULL, trend), 'LowCardinality(Nullable(String))') AS trend,
    CAST(target, 'Nullable(Float64)') AS target,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, multiIf(greatest(isNull(target), isNull(now_ci_low)), NULL, if(is_low_good, now_ci_high <= target, now_ci_low >= target), 'met', if(is_low_good, now_ci_low > target, now_ci_high < target), 'missed', 'not proved')), 'LowCardinality(Nullable(String))') AS target_verdict,
    CAST(question, 'Nullable(String)') AS question
FROM 
(
    SELECT
        *,
        multiIf(greatest(now_n = 0, before_n = 0), 'no answers to compare', change_low > 0, 'up', change_high < 0, 'down', 'no proof of change') AS trend
    FROM 
    (
        SELECT
            *,
            if(kind = 'net', net_change - half_change, change - sqrt(pow(now_below, 2) + pow(before_above, 2))) AS change_low,
            if(kind = 'net', net_change + half_change, change + sqrt(pow(now_above, 2) + pow(before_below, 2))) AS change_high,
            if(length(targets) = 1, targets[1], NULL) AS target,
            nullIf(wording, '') AS question
        FROM 
        (
            SELECT
                *,
                if(now_is_alike, now_half, now_value - now_ci_low) AS now_below,
                if(now_is_alike, now_half, now_ci_high - now_value) AS now_above,
                if(before_is_alike, before_half, before_value - before_ci_low) AS before_below,
                if(before_is_alike, before_half, before_ci_high - before_value) AS before_above,
                100 * (now_wald_net - before_wald_net) AS net_change,
                100 * 1.959963984540054 * sqrt(now_wald_variance / (now_n + 3) + before_wald_variance / (before_n + 3)) AS half_change,
                arrayDistinct(arrayFilter(one -> isNotNull(one), arrayMap(one -> one.4, if(empty(asked_here), questions, asked_here)))) AS targets
            FROM 
            (
                SELECT
                    *,
                    now_value - before_value AS change,
                    now_t_quantile * greatest(before_deviation, abs(change)) / sqrt(now_n) AS now_half,
                    before_t_quantile * greatest(now_deviation, abs(change)) / sqrt(before_n) AS before_half,
                    arrayFilter(one -> greatest(one.1, has(one.2, touchpoint), hasAny(one.3, [toString(stage)])), questions) AS asked_here
                FROM 
                (
                    SELECT
                        stage_order, stage, touchpoint, is_simulated, kpi, kpi_variant, scope, now_is_hidden, before_is_hidden, wording, questions,
                        of_kpi.1 AS kind, of_kpi.2 AS lowest, of_kpi.3 AS highest, of_kpi.4 AS unit, of_kpi.5 AS small_n, of_kpi.6 AS is_low_good, now.1 AS now_n, now.2 AS now_n_positive, now.3 AS now_n_neutral, now.4 AS now_n_negative, now.5 AS now_value, now.6 AS now_ci_low, now.7 AS now_ci_high, now.8 AS now_wald_net, now.9 AS now_wald_variance, now.10 AS now_t_quantile, now.11 AS now_deviation, now.12 AS now_is_alike, now.13 AS now_ci_method, before.1 AS before_n, before.2 AS before_n_positive, before.3 AS before_n_neutral, before.4 AS before_n_negative, before.5 AS before_value, before.6 AS before_ci_low, before.7 AS before_ci_high, before.8 AS before_wald_net, before.9 AS before_wald_variance, before.10 AS before_t_quantile, before.11 AS before_deviation, before.12 AS before_is_alike, before.13 AS before_ci_method
                    FROM
                    (
                        SELECT
                            stage_order, stage, touchpoint, is_simulated, kpi, kpi_variant, scope, any(of_kpi) AS of_kpi,
                            anyIf(sample, period = 0) AS now, maxIf(is_hidden, period = 0) AS now_is_hidden,
                            anyIf(sample, period = 1) AS before, maxIf(is_hidden, period = 1) AS before_is_hidden
                        FROM
                        (
                            SELECT
                                *,
                                least((notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])), greatest(is_unsafe_0, least(unsafe_all_1 > 0, greatest(stop_1 = 0, rank_1 <= stop_1)), least(unsafe_all_2 > 0, greatest(stop_2 = 0, rank_2 <= stop_2)))) AS is_hidden
                            FROM 
                            (
                                SELECT
                                    *,
                                    minIf(rank_1, least(unsafe_until_1 = unsafe_all_1, n_until_1 >= 5, greatest(outside_until_1 >= 5, outside_0 = 0))) OVER (PARTITION BY group_0) AS stop_1,
                                    minIf(rank_2, least(unsafe_until_2 = unsafe_all_2, n_until_2 >= 5, greatest(outside_until_2 >= 5, outside_1 = 0))) OVER (PARTITION BY group_0, node_1) AS stop_2
                                FROM 
                                (
                                    SELECT
                                        *,
                                        dense_rank() OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS rank_1,
                                        sum(n) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS n_until_1,
                                        sum(n_outside) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS outside_until_1,
                                        sum(is_unsafe_1) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS unsafe_until_1,
                                        sum(is_unsafe_1) OVER (PARTITION BY group_0) AS unsafe_all_1,
                                        dense_rank() OVER (PARTITION BY group_0, node_1 ORDER BY is_unsafe_2 DESC, n_2, node_2) AS rank_2,
                                        sum(n) OVER (PARTITION BY group_0, node_1 ORDER BY is_unsafe_2 DESC, n_2, node_2) AS n_until_2,
                                        sum(n_outside) OVER (PARTITION BY group_0, node_1 ORDER BY is_unsafe_2 DESC, n_2, node_2) AS outside_until_2,
                                        sum(is_unsafe_2) OVER (PARTITION BY group_0, node_1 ORDER BY is_unsafe_2 DESC, n_2, node_2) AS unsafe_until_2,
                                        sum(is_unsafe_2) OVER (PARTITION BY group_0, node_1) AS unsafe_all_2
                                    FROM 
                                    (
                                        SELECT
                                            *,
                                            least(n_0 > 0, greatest(n_0 < 5, least(outside_0 > 0, outside_0 < 5))) AS is_unsafe_0,
                                            least(n_1 > 0, greatest(n_1 < 5, least(outside_1 > 0, outside_1 < 5))) AS is_unsafe_1,
                                            least(n_2 > 0, greatest(n_2 < 5, least(outside_2 > 0, outside_2 < 5))) AS is_unsafe_2
                                        FROM 
                                        (
                                            SELECT
                                                *,
                                                sum(n) OVER (PARTITION BY group_0) AS n_0,
                                                sum(n_outside) OVER (PARTITION BY group_0) AS outside_0,
                                                sum(n) OVER (PARTITION BY group_0, node_1) AS n_1,
                                                sum(n_outside) OVER (PARTITION BY group_0, node_1) AS outside_1,
                                                sum(n) OVER (PARTITION BY group_0, node_1, node_2) AS n_2,
                                                sum(n_outside) OVER (PARTITION BY group_0, node_1, node_2) AS outside_2
                                            FROM 
                                            (
                                                SELECT
                                                    *,
                                                    (period, is_simulated, kpi, kpi_variant, scope) AS group_0,
                                                    (stage_order, stage) AS node_1,
                                                    (touchpoint) AS node_2
                                                FROM 
                                                (
                                                    SELECT
                                                        stage_order, stage, touchpoint, period, is_simulated, kpi, kpi_variant, scope, n, n_outside, (kind, lowest, highest, unit, small_n, is_low_good) AS of_kpi, (n, n_positive, n_neutral, n_negative, value, ci_low, ci_high, wald_net, wald_variance, t_quantile, deviation, is_alike, ci_method) AS sample
                                                    FROM
                                                    (
                                                        SELECT
                                                            *,
                                                            if(n > 1, sqrt(greatest(squares - total * total / n, 0) / t_degrees), greatest(value - lowest, highest - value)) AS deviation,
                                                            least(kind = 'mean', ci_high - ci_low <= 1e-06) AS is_alike
                                                        FROM 
                                                        (
                                                            SELECT
                                                                *,
                                                                multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
                                                                multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
                                                                multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
                                                            FROM 
                                                            (
                                                                SELECT
                                                                    *,
                                                                    1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
                                                                    t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
                                                                FROM 
                                                                (
                                                                    SELECT
                                                                        *,
                                                                        multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                                                                        if(kind = 'mean', 1, 100) * numerator / n AS value,
                                                                        (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                                                                        multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
                                                                    FROM 
                                                                    (
                                                                        SELECT
                                                                            *,
                                                                            n - n_positive - n_negative AS n_neutral,
                                                                            kind = 'net' AS is_net,
                                                                            kind = 'share' AS is_share,
                                                                            (n_positive - n_negative) / (n + 3) AS wald_net,
                                                                            greatest(n - 1, 1) AS t_degrees,
                                                                            (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                                                                            1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                                                                        FROM 
                                                                        (
                                                                            SELECT
                                                                                stage_order, stage, touchpoint, period, is_simulated, kpi, kpi_variant, scope,
                                                                                any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest, any(unit) AS unit, any(small_n) AS small_n, any(is_low_good) AS is_low_good,
                                                                                sum(chosen_answers) AS n,
                                                                                sum(chosen_answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                                                                                sum(chosen_answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                                                                                sum(chosen_answers * units) / 1000 AS total,
                                                                                sum(chosen_answers * units * units) / 1000000 AS squares,
                                                                                sum(answers - chosen_answers) AS n_outside
                                                                            FROM
                                                                            (
                                                                                SELECT *, answers * is_chosen AS chosen_answers, arrayJoin(arrayFilter(one -> [is_now, is_before][one + 1], [0, 1])) AS period
                                                                                FROM
                                                                                (
                                                                                    SELECT *, toInt64(round(score * 1000)) AS units
                                                                                    FROM
                                                                                    (
                                                                                    SELECT
                                                                                        stage_order,
                                                                                        stage,
                                                                                        touchpoint,
                                                                                        is_simulated,
                                                                                        kpi,
                                                                                        variant,
                                                                                        scope,
                                                                                        scale_min,
                                                                                        scale_max,
                                                                                        disposition,
                                                                                        score,
                                                                                        toInt64((empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))) AS is_chosen,
                                                                                        local_date BETWEEN {date_from:Date} AND {date_to:Date} AS is_now,
                                                                                        local_date BETWEEN {before_from:Date} AND {before_to:Date} AS is_before,
                                                                                        sum(sign) AS answers
                                                                                    FROM journey_raw.ledger
                                                                                    WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                                                                        AND map = {map:String} AND map_version = {map_version:UInt32}
                                                                                        AND (local_date BETWEEN {date_from:Date} AND {date_to:Date} OR local_date BETWEEN {before_from:Date} AND {before_to:Date})
                                                                                        AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated)))
                                                                                        AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                                                                    GROUP BY stage_order, stage, touchpoint, is_simulated, kpi, variant, scope, scale_min, scale_max, disposition, score, is_chosen, is_now, is_before
                                                                                    ) AS scores
                                                                                    INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                                                                                        ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                                        ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                                        ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                                        ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                                        ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                        ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                        ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                                        ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                                        ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                        ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                                                                                        ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                                        ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                                        ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                                                                                        ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                                                                                    USING (kpi, variant, scale_min, scale_max)
                                                                                    WHERE disposition IN ('complete', 'partial')
                                                                                )
                                                                            )
                                                                            GROUP BY stage_order, stage, touchpoint, period, is_simulated, kpi, kpi_variant, scope
                                                                            HAVING n > 0 OR n_outside > 0
                                                                        )
                                                                    )
                                                                )
                                                            )
                                                        )
                                                    )
                                                )
                                            )
                                        )
                                    )
                                )
                            )
                        )
                        WHERE greatest(n > 0, is_hidden)
                        GROUP BY stage_order, stage, touchpoint, is_simulated, kpi, kpi_variant, scope
                    ) AS measured
                    LEFT JOIN (
                        SELECT
                            kpi, kpi_variant, scope, any(wording) AS wording,
                            groupArray((is_everywhere, touchpoints, stages, target)) AS questions
                        FROM
                        (
                            SELECT
                                JSONExtractString(asked, 'kpi') AS kpi, JSONExtractString(asked, 'variant') AS kpi_variant,
                                JSONExtractString(asked, 'scope') AS scope, JSONExtractString(asked, 'question') AS wording,
                                JSONExtractString(asked, 'ask', 'touchpoints') = 'all' AS is_everywhere,
                                JSONExtract(asked, 'ask', 'touchpoints', 'Array(String)') AS touchpoints, JSONExtract(asked, 'ask', 'stages', 'Array(String)') AS stages,
                                JSONExtract(asked, 'target', 'Nullable(Float64)') AS target
                            FROM
                            (
                                SELECT arrayJoin(JSONExtractArrayRaw(content, 'kpis')) AS asked
                                FROM
                                (
                                    SELECT content FROM journey_raw.maps
                                    WHERE map = {map:String} AND version = {map_version:UInt32}
                                    ORDER BY registered_at LIMIT 1
                                )
                            )
                        )
                        GROUP BY kpi, kpi_variant, scope
                    ) AS asked USING (kpi, kpi_variant, scope)
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.survey_by_stage
(
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    kpi LowCardinality(String) COMMENT 'KPI (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    unit LowCardinality(String) COMMENT 'Unit of the value: points, percent or score',
    scale_low Float64 COMMENT 'Lowest value that the KPI can have',
    scale_high Float64 COMMENT 'Highest value that the KPI can have',
    n Nullable(Int64) COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum); NULL when suppressed',
    n_positive Nullable(Int64) COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum); NULL when suppressed',
    n_neutral Nullable(Int64) COMMENT 'Answers of neither class (additivity: sum); NULL when suppressed',
    n_negative Nullable(Int64) COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum); NULL when suppressed',
    value Nullable(Float64) COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived); NULL when suppressed',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_method LowCardinality(Nullable(String)) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t; NULL without interval',
    is_small_n Nullable(UInt8) COMMENT '1 below the KPI''s minimum of answers (small_n of the catalogue): read with care',
    is_suppressed UInt8 COMMENT '1 when few answers, split by who gave them or where, are not shown: n and all numbers are NULL',
    n_before Nullable(Int64) COMMENT 'Answers of the period before; NULL when suppressed',
    value_before Nullable(Float64) COMMENT 'The KPI of the period before; NULL without answers and when suppressed',
    change Nullable(Float64) COMMENT 'Value less value before; NULL unless both are shown',
    change_low Nullable(Float64) COMMENT 'Lower bound of the 95 % interval of the change',
    change_high Nullable(Float64) COMMENT 'Upper bound of the 95 % interval of the change',
    trend LowCardinality(Nullable(String)) COMMENT 'up or down where the interval of the change leaves zero out (of twenty KPIs that did not change one seems to), no proof of change, no answers to compare; NULL when suppressed',
    target Nullable(Float64) COMMENT 'What the map holds the KPI against; NULL when it says nothing, or several things',
    target_verdict LowCardinality(Nullable(String)) COMMENT 'met or missed where the interval leaves no doubt, else not proved; NULL without',
    question Nullable(String) COMMENT 'Wording of the question in the map; NULL when the map does not ask it'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs of the selection by stage, against the period before and the map''s target (additivity: derived)'
AS SELECT
    CAST(nullIf(stage, ''), 'LowCardinality(Nullable(String))') AS stage,
    CAST(nullIf(stage_order, 0), 'Nullable(UInt8)') AS stage_order,
    CAST(is_simulated, 'UInt8') AS is_simulated,
    CAST(kpi, 'LowCardinality(String)') AS kpi,
    CAST(kpi_variant, 'LowCardinality(String)') AS variant,
    CAST(scope, 'LowCardinality(String)') AS scope,
    CAST(unit, 'LowCardinality(String)') AS unit,
    CAST(lowest, 'Float64') AS scale_low,
    CAST(highest, 'Float64') AS scale_high,
    CAST(if(now_is_hidden, NULL, now_n), 'Nullable(Int64)') AS n,
    CAST(if(now_is_hidden, NULL, now_n_positive), 'Nullable(Int64)') AS n_positive,
    CAST(if(now_is_hidden, NULL, now_n_neutral), 'Nullable(Int64)') AS n_neutral,
    CAST(if(now_is_hidden, NULL, now_n_negative), 'Nullable(Int64)') AS n_negative,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_value), 'Nullable(Float64)') AS value,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_ci_low), 'Nullable(Float64)') AS ci_low,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_ci_high), 'Nullable(Float64)') AS ci_high,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_ci_method), 'LowCardinality(Nullable(String))') AS ci_method,
    CAST(if(now_is_hidden, NULL, now_n < small_n), 'Nullable(UInt8)') AS is_small_n,
    CAST(now_is_hidden, 'UInt8') AS is_suppressed,
    CAST(if(before_is_hidden, NULL, before_n), 'Nullable(Int64)') AS n_before,
    CAST(if(greatest(before_is_hidden, before_n = 0), NULL, before_value), 'Nullable(Float64)') AS value_before,
    CAST(if(greatest(now_is_hidden, before_is_hidden, now_n = 0, before_n = 0), NULL, change), 'Nullable(Float64)') AS change,
    CAST(if(greatest(now_is_hidden, before_is_hidden, now_n = 0, before_n = 0), NULL, change_low), 'Nullable(Float64)') AS change_low,
    CAST(if(greatest(now_is_hidden, before_is_hidden, now_n = 0, before_n = 0), NULL, change_high), 'Nullable(Float64)') AS change_high,
    CAST(if(greatest(now_is_hidden, before_is_hidden), NULL, trend), 'LowCardinality(Nullable(String))') AS trend,
    CAST(target, 'Nullable(Float64)') AS target,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, multiIf(greatest(isNull(target), isNull(now_ci_low)), NULL, if(is_low_good, now_ci_high <= target, now_ci_low >= target), 'met', if(is_low_good, now_ci_low > target, now_ci_high < target), 'missed', 'not proved')), 'LowCardinality(Nullable(String))') AS target_verdict,
    CAST(question, 'Nullable(String)') AS question
FROM 
(
    SELECT
        *,
        multiIf(greatest(now_n = 0, before_n = 0), 'no answers to compare', change_low > 0, 'up', change_high < 0, 'down', 'no proof of change') AS trend
    FROM 
    (
        SELECT
            *,
            if(kind = 'net', net_change - half_change, change - sqrt(pow(now_below, 2) + pow(before_above, 2))) AS change_low,
            if(kind = 'net', net_change + half_change, change + sqrt(pow(now_above, 2) + pow(before_below, 2))) AS change_high,
            if(length(targets) = 1, targets[1], NULL) AS target,
            nullIf(wording, '') AS question
        FROM 
        (
            SELECT
                *,
                if(now_is_alike, now_half, now_value - now_ci_low) AS now_below,
                if(now_is_alike, now_half, now_ci_high - now_value) AS now_above,
                if(before_is_alike, before_half, before_value - before_ci_low) AS before_below,
                if(before_is_alike, before_half, before_ci_high - before_value) AS before_above,
                100 * (now_wald_net - before_wald_net) AS net_change,
                100 * 1.959963984540054 * sqrt(now_wald_variance / (now_n + 3) + before_wald_variance / (before_n + 3)) AS half_change,
                arrayDistinct(arrayFilter(one -> isNotNull(one), arrayMap(one -> one.4, if(empty(asked_here), questions, asked_here)))) AS targets
            FROM 
            (
                SELECT
                    *,
                    now_value - before_value AS change,
                    now_t_quantile * greatest(before_deviation, abs(change)) / sqrt(now_n) AS now_half,
                    before_t_quantile * greatest(now_deviation, abs(change)) / sqrt(before_n) AS before_half,
                    arrayFilter(one -> greatest(one.1, hasAny(one.3, [toString(stage)])), questions) AS asked_here
                FROM 
                (
                    SELECT
                        stage_order, stage, is_simulated, kpi, kpi_variant, scope, now_is_hidden, before_is_hidden, wording, questions,
                        of_kpi.1 AS kind, of_kpi.2 AS lowest, of_kpi.3 AS highest, of_kpi.4 AS unit, of_kpi.5 AS small_n, of_kpi.6 AS is_low_good, now.1 AS now_n, now.2 AS now_n_positive, now.3 AS now_n_neutral, now.4 AS now_n_negative, now.5 AS now_value, now.6 AS now_ci_low, now.7 AS now_ci_high, now.8 AS now_wald_net, now.9 AS now_wald_variance, now.10 AS now_t_quantile, now.11 AS now_deviation, now.12 AS now_is_alike, now.13 AS now_ci_method, before.1 AS before_n, before.2 AS before_n_positive, before.3 AS before_n_neutral, before.4 AS before_n_negative, before.5 AS before_value, before.6 AS before_ci_low, before.7 AS before_ci_high, before.8 AS before_wald_net, before.9 AS before_wald_variance, before.10 AS before_t_quantile, before.11 AS before_deviation, before.12 AS before_is_alike, before.13 AS before_ci_method
                    FROM
                    (
                        SELECT
                            stage_order, stage, is_simulated, kpi, kpi_variant, scope, any(of_kpi) AS of_kpi,
                            anyIf(sample, period = 0) AS now, maxIf(is_hidden, period = 0) AS now_is_hidden,
                            anyIf(sample, period = 1) AS before, maxIf(is_hidden, period = 1) AS before_is_hidden
                        FROM
                        (
                            SELECT
                                *,
                                least((notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])), greatest(is_unsafe_0, least(unsafe_all_1 > 0, greatest(stop_1 = 0, rank_1 <= stop_1)))) AS is_hidden
                            FROM 
                            (
                                SELECT
                                    *,
                                    minIf(rank_1, least(unsafe_until_1 = unsafe_all_1, n_until_1 >= 5, greatest(outside_until_1 >= 5, outside_0 = 0))) OVER (PARTITION BY group_0) AS stop_1
                                FROM 
                                (
                                    SELECT
                                        *,
                                        dense_rank() OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS rank_1,
                                        sum(n) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS n_until_1,
                                        sum(n_outside) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS outside_until_1,
                                        sum(is_unsafe_1) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS unsafe_until_1,
                                        sum(is_unsafe_1) OVER (PARTITION BY group_0) AS unsafe_all_1
                                    FROM 
                                    (
                                        SELECT
                                            *,
                                            least(n_0 > 0, greatest(n_0 < 5, least(outside_0 > 0, outside_0 < 5))) AS is_unsafe_0,
                                            least(n_1 > 0, greatest(n_1 < 5, least(outside_1 > 0, outside_1 < 5))) AS is_unsafe_1
                                        FROM 
                                        (
                                            SELECT
                                                *,
                                                sum(n) OVER (PARTITION BY group_0) AS n_0,
                                                sum(n_outside) OVER (PARTITION BY group_0) AS outside_0,
                                                sum(n) OVER (PARTITION BY group_0, node_1) AS n_1,
                                                sum(n_outside) OVER (PARTITION BY group_0, node_1) AS outside_1
                                            FROM 
                                            (
                                                SELECT
                                                    *,
                                                    (period, is_simulated, kpi, kpi_variant, scope) AS group_0,
                                                    (stage_order, stage) AS node_1
                                                FROM 
                                                (
                                                    SELECT
                                                        stage_order, stage, period, is_simulated, kpi, kpi_variant, scope, n, n_outside, (kind, lowest, highest, unit, small_n, is_low_good) AS of_kpi, (n, n_positive, n_neutral, n_negative, value, ci_low, ci_high, wald_net, wald_variance, t_quantile, deviation, is_alike, ci_method) AS sample
                                                    FROM
                                                    (
                                                        SELECT
                                                            *,
                                                            if(n > 1, sqrt(greatest(squares - total * total / n, 0) / t_degrees), greatest(value - lowest, highest - value)) AS deviation,
                                                            least(kind = 'mean', ci_high - ci_low <= 1e-06) AS is_alike
                                                        FROM 
                                                        (
                                                            SELECT
                                                                *,
                                                                multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
                                                                multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
                                                                multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
                                                            FROM 
                                                            (
                                                                SELECT
                                                                    *,
                                                                    1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
                                                                    t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
                                                                FROM 
                                                                (
                                                                    SELECT
                                                                        *,
                                                                        multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                                                                        if(kind = 'mean', 1, 100) * numerator / n AS value,
                                                                        (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                                                                        multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
                                                                    FROM 
                                                                    (
                                                                        SELECT
                                                                            *,
                                                                            n - n_positive - n_negative AS n_neutral,
                                                                            kind = 'net' AS is_net,
                                                                            kind = 'share' AS is_share,
                                                                            (n_positive - n_negative) / (n + 3) AS wald_net,
                                                                            greatest(n - 1, 1) AS t_degrees,
                                                                            (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                                                                            1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                                                                        FROM 
                                                                        (
                                                                            SELECT
                                                                                stage_order, stage, period, is_simulated, kpi, kpi_variant, scope,
                                                                                any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest, any(unit) AS unit, any(small_n) AS small_n, any(is_low_good) AS is_low_good,
                                                                                sum(chosen_answers) AS n,
                                                                                sum(chosen_answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                                                                                sum(chosen_answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                                                                                sum(chosen_answers * units) / 1000 AS total,
                                                                                sum(chosen_answers * units * units) / 1000000 AS squares,
                                                                                sum(answers - chosen_answers) AS n_outside
                                                                            FROM
                                                                            (
                                                                                SELECT *, answers * is_chosen AS chosen_answers, arrayJoin(arrayFilter(one -> [is_now, is_before][one + 1], [0, 1])) AS period
                                                                                FROM
                                                                                (
                                                                                    SELECT *, toInt64(round(score * 1000)) AS units
                                                                                    FROM
                                                                                    (
                                                                                    SELECT
                                                                                        stage_order,
                                                                                        stage,
                                                                                        is_simulated,
                                                                                        kpi,
                                                                                        variant,
                                                                                        scope,
                                                                                        scale_min,
                                                                                        scale_max,
                                                                                        disposition,
                                                                                        score,
                                                                                        toInt64((empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))) AS is_chosen,
                                                                                        local_date BETWEEN {date_from:Date} AND {date_to:Date} AS is_now,
                                                                                        local_date BETWEEN {before_from:Date} AND {before_to:Date} AS is_before,
                                                                                        sum(sign) AS answers
                                                                                    FROM journey_raw.ledger
                                                                                    WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                                                                        AND map = {map:String} AND map_version = {map_version:UInt32}
                                                                                        AND (local_date BETWEEN {date_from:Date} AND {date_to:Date} OR local_date BETWEEN {before_from:Date} AND {before_to:Date})
                                                                                        AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated)))
                                                                                        AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                                                                    GROUP BY stage_order, stage, is_simulated, kpi, variant, scope, scale_min, scale_max, disposition, score, is_chosen, is_now, is_before
                                                                                    ) AS scores
                                                                                    INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                                                                                        ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                                        ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                                        ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                                        ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                                        ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                        ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                        ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                                        ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                                        ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                        ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                                                                                        ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                                        ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                                        ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                                                                                        ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                                                                                    USING (kpi, variant, scale_min, scale_max)
                                                                                    WHERE disposition IN ('complete', 'partial')
                                                                                )
                                                                            )
                                                                            GROUP BY stage_order, stage, period, is_simulated, kpi, kpi_variant, scope
                                                                            HAVING n > 0 OR n_outside > 0
                                                                        )
                                                                    )
                                                                )
                                                            )
                                                        )
                                                    )
                                                )
                                            )
                                        )
                                    )
                                )
                            )
                        )
                        WHERE greatest(n > 0, is_hidden)
                        GROUP BY stage_order, stage, is_simulated, kpi, kpi_variant, scope
                    ) AS measured
                    LEFT JOIN (
                        SELECT
                            kpi, kpi_variant, scope, any(wording) AS wording,
                            groupArray((is_everywhere, touchpoints, stages, target)) AS questions
                        FROM
                        (
                            SELECT
                                JSONExtractString(asked, 'kpi') AS kpi, JSONExtractString(asked, 'variant') AS kpi_variant,
                                JSONExtractString(asked, 'scope') AS scope, JSONExtractString(asked, 'question') AS wording,
                                JSONExtractString(asked, 'ask', 'touchpoints') = 'all' AS is_everywhere,
                                JSONExtract(asked, 'ask', 'touchpoints', 'Array(String)') AS touchpoints, JSONExtract(asked, 'ask', 'stages', 'Array(String)') AS stages,
                                JSONExtract(asked, 'target', 'Nullable(Float64)') AS target
                            FROM
                            (
                                SELECT arrayJoin(JSONExtractArrayRaw(content, 'kpis')) AS asked
                                FROM
                                (
                                    SELECT content FROM journey_raw.maps
                                    WHERE map = {map:String} AND version = {map_version:UInt32}
                                    ORDER BY registered_at LIMIT 1
                                )
                            )
                        )
                        GROUP BY kpi, kpi_variant, scope
                    ) AS asked USING (kpi, kpi_variant, scope)
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.survey_total
(
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    kpi LowCardinality(String) COMMENT 'KPI (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    unit LowCardinality(String) COMMENT 'Unit of the value: points, percent or score',
    scale_low Float64 COMMENT 'Lowest value that the KPI can have',
    scale_high Float64 COMMENT 'Highest value that the KPI can have',
    n Nullable(Int64) COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum); NULL when suppressed',
    n_positive Nullable(Int64) COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum); NULL when suppressed',
    n_neutral Nullable(Int64) COMMENT 'Answers of neither class (additivity: sum); NULL when suppressed',
    n_negative Nullable(Int64) COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum); NULL when suppressed',
    value Nullable(Float64) COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived); NULL when suppressed',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_method LowCardinality(Nullable(String)) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t; NULL without interval',
    is_small_n Nullable(UInt8) COMMENT '1 below the KPI''s minimum of answers (small_n of the catalogue): read with care',
    is_suppressed UInt8 COMMENT '1 when few answers, split by who gave them or where, are not shown: n and all numbers are NULL',
    n_before Nullable(Int64) COMMENT 'Answers of the period before; NULL when suppressed',
    value_before Nullable(Float64) COMMENT 'The KPI of the period before; NULL without answers and when suppressed',
    change Nullable(Float64) COMMENT 'Value less value before; NULL unless both are shown',
    change_low Nullable(Float64) COMMENT 'Lower bound of the 95 % interval of the change',
    change_high Nullable(Float64) COMMENT 'Upper bound of the 95 % interval of the change',
    trend LowCardinality(Nullable(String)) COMMENT 'up or down where the interval of the change leaves zero out (of twenty KPIs that did not change one seems to), no proof of change, no answers to compare; NULL when suppressed',
    target Nullable(Float64) COMMENT 'What the map holds the KPI against; NULL when it says nothing, or several things',
    target_verdict LowCardinality(Nullable(String)) COMMENT 'met or missed where the interval leaves no doubt, else not proved; NULL without',
    question Nullable(String) COMMENT 'Wording of the question in the map; NULL when the map does not ask it'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs of the whole selection, against the period before and the map''s target (additivity: derived)'
AS SELECT
    CAST(is_simulated, 'UInt8') AS is_simulated,
    CAST(kpi, 'LowCardinality(String)') AS kpi,
    CAST(kpi_variant, 'LowCardinality(String)') AS variant,
    CAST(scope, 'LowCardinality(String)') AS scope,
    CAST(unit, 'LowCardinality(String)') AS unit,
    CAST(lowest, 'Float64') AS scale_low,
    CAST(highest, 'Float64') AS scale_high,
    CAST(if(now_is_hidden, NULL, now_n), 'Nullable(Int64)') AS n,
    CAST(if(now_is_hidden, NULL, now_n_positive), 'Nullable(Int64)') AS n_positive,
    CAST(if(now_is_hidden, NULL, now_n_neutral), 'Nullable(Int64)') AS n_neutral,
    CAST(if(now_is_hidden, NULL, now_n_negative), 'Nullable(Int64)') AS n_negative,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_value), 'Nullable(Float64)') AS value,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_ci_low), 'Nullable(Float64)') AS ci_low,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_ci_high), 'Nullable(Float64)') AS ci_high,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, now_ci_method), 'LowCardinality(Nullable(String))') AS ci_method,
    CAST(if(now_is_hidden, NULL, now_n < small_n), 'Nullable(UInt8)') AS is_small_n,
    CAST(now_is_hidden, 'UInt8') AS is_suppressed,
    CAST(if(before_is_hidden, NULL, before_n), 'Nullable(Int64)') AS n_before,
    CAST(if(greatest(before_is_hidden, before_n = 0), NULL, before_value), 'Nullable(Float64)') AS value_before,
    CAST(if(greatest(now_is_hidden, before_is_hidden, now_n = 0, before_n = 0), NULL, change), 'Nullable(Float64)') AS change,
    CAST(if(greatest(now_is_hidden, before_is_hidden, now_n = 0, before_n = 0), NULL, change_low), 'Nullable(Float64)') AS change_low,
    CAST(if(greatest(now_is_hidden, before_is_hidden, now_n = 0, before_n = 0), NULL, change_high), 'Nullable(Float64)') AS change_high,
    CAST(if(greatest(now_is_hidden, before_is_hidden), NULL, trend), 'LowCardinality(Nullable(String))') AS trend,
    CAST(target, 'Nullable(Float64)') AS target,
    CAST(if(greatest(now_is_hidden, now_n = 0), NULL, multiIf(greatest(isNull(target), isNull(now_ci_low)), NULL, if(is_low_good, now_ci_high <= target, now_ci_low >= target), 'met', if(is_low_good, now_ci_low > target, now_ci_high < target), 'missed', 'not proved')), 'LowCardinality(Nullable(String))') AS target_verdict,
    CAST(question, 'Nullable(String)') AS question
FROM 
(
    SELECT
        *,
        multiIf(greatest(now_n = 0, before_n = 0), 'no answers to compare', change_low > 0, 'up', change_high < 0, 'down', 'no proof of change') AS trend
    FROM 
    (
        SELECT
            *,
            if(kind = 'net', net_change - half_change, change - sqrt(pow(now_below, 2) + pow(before_above, 2))) AS change_low,
            if(kind = 'net', net_change + half_change, change + sqrt(pow(now_above, 2) + pow(before_below, 2))) AS change_high,
            if(length(targets) = 1, targets[1], NULL) AS target,
            nullIf(wording, '') AS question
        FROM 
        (
            SELECT
                *,
                if(now_is_alike, now_half, now_value - now_ci_low) AS now_below,
                if(now_is_alike, now_half, now_ci_high - now_value) AS now_above,
                if(before_is_alike, before_half, before_value - before_ci_low) AS before_below,
                if(before_is_alike, before_half, before_ci_high - before_value) AS before_above,
                100 * (now_wald_net - before_wald_net) AS net_change,
                100 * 1.959963984540054 * sqrt(now_wald_variance / (now_n + 3) + before_wald_variance / (before_n + 3)) AS half_change,
                arrayDistinct(arrayFilter(one -> isNotNull(one), arrayMap(one -> one.4, if(empty(asked_here), questions, asked_here)))) AS targets
            FROM 
            (
                SELECT
                    *,
                    now_value - before_value AS change,
                    now_t_quantile * greatest(before_deviation, abs(change)) / sqrt(now_n) AS now_half,
                    before_t_quantile * greatest(now_deviation, abs(change)) / sqrt(before_n) AS before_half,
                    questions AS asked_here
                FROM 
                (
                    SELECT
                        is_simulated, kpi, kpi_variant, scope, now_is_hidden, before_is_hidden, wording, questions,
                        of_kpi.1 AS kind, of_kpi.2 AS lowest, of_kpi.3 AS highest, of_kpi.4 AS unit, of_kpi.5 AS small_n, of_kpi.6 AS is_low_good, now.1 AS now_n, now.2 AS now_n_positive, now.3 AS now_n_neutral, now.4 AS now_n_negative, now.5 AS now_value, now.6 AS now_ci_low, now.7 AS now_ci_high, now.8 AS now_wald_net, now.9 AS now_wald_variance, now.10 AS now_t_quantile, now.11 AS now_deviation, now.12 AS now_is_alike, now.13 AS now_ci_method, before.1 AS before_n, before.2 AS before_n_positive, before.3 AS before_n_neutral, before.4 AS before_n_negative, before.5 AS before_value, before.6 AS before_ci_low, before.7 AS before_ci_high, before.8 AS before_wald_net, before.9 AS before_wald_variance, before.10 AS before_t_quantile, before.11 AS before_deviation, before.12 AS before_is_alike, before.13 AS before_ci_method
                    FROM
                    (
                        SELECT
                            is_simulated, kpi, kpi_variant, scope, any(of_kpi) AS of_kpi,
                            anyIf(sample, period = 0) AS now, maxIf(is_hidden, period = 0) AS now_is_hidden,
                            anyIf(sample, period = 1) AS before, maxIf(is_hidden, period = 1) AS before_is_hidden
                        FROM
                        (
                            SELECT
                                *,
                                least((notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])), is_unsafe_0) AS is_hidden
                            FROM 
                            (
                                SELECT
                                    *,
                                    least(n_0 > 0, greatest(n_0 < 5, least(outside_0 > 0, outside_0 < 5))) AS is_unsafe_0
                                FROM 
                                (
                                    SELECT
                                        *,
                                        sum(n) OVER (PARTITION BY group_0) AS n_0,
                                        sum(n_outside) OVER (PARTITION BY group_0) AS outside_0
                                    FROM 
                                    (
                                        SELECT
                                            *,
                                            (period, is_simulated, kpi, kpi_variant, scope) AS group_0
                                        FROM 
                                        (
                                            SELECT
                                                period, is_simulated, kpi, kpi_variant, scope, n, n_outside, (kind, lowest, highest, unit, small_n, is_low_good) AS of_kpi, (n, n_positive, n_neutral, n_negative, value, ci_low, ci_high, wald_net, wald_variance, t_quantile, deviation, is_alike, ci_method) AS sample
                                            FROM
                                            (
                                                SELECT
                                                    *,
                                                    if(n > 1, sqrt(greatest(squares - total * total / n, 0) / t_degrees), greatest(value - lowest, highest - value)) AS deviation,
                                                    least(kind = 'mean', ci_high - ci_low <= 1e-06) AS is_alike
                                                FROM 
                                                (
                                                    SELECT
                                                        *,
                                                        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
                                                        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
                                                        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
                                                    FROM 
                                                    (
                                                        SELECT
                                                            *,
                                                            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
                                                            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
                                                        FROM 
                                                        (
                                                            SELECT
                                                                *,
                                                                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                                                                if(kind = 'mean', 1, 100) * numerator / n AS value,
                                                                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                                                                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
                                                            FROM 
                                                            (
                                                                SELECT
                                                                    *,
                                                                    n - n_positive - n_negative AS n_neutral,
                                                                    kind = 'net' AS is_net,
                                                                    kind = 'share' AS is_share,
                                                                    (n_positive - n_negative) / (n + 3) AS wald_net,
                                                                    greatest(n - 1, 1) AS t_degrees,
                                                                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                                                                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                                                                FROM 
                                                                (
                                                                    SELECT
                                                                        period, is_simulated, kpi, kpi_variant, scope,
                                                                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest, any(unit) AS unit, any(small_n) AS small_n, any(is_low_good) AS is_low_good,
                                                                        sum(chosen_answers) AS n,
                                                                        sum(chosen_answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                                                                        sum(chosen_answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                                                                        sum(chosen_answers * units) / 1000 AS total,
                                                                        sum(chosen_answers * units * units) / 1000000 AS squares,
                                                                        sum(answers - chosen_answers) AS n_outside
                                                                    FROM
                                                                    (
                                                                        SELECT *, answers * is_chosen AS chosen_answers, arrayJoin(arrayFilter(one -> [is_now, is_before][one + 1], [0, 1])) AS period
                                                                        FROM
                                                                        (
                                                                            SELECT *, toInt64(round(score * 1000)) AS units
                                                                            FROM
                                                                            (
                                                                            SELECT
                                                                                is_simulated,
                                                                                kpi,
                                                                                variant,
                                                                                scope,
                                                                                scale_min,
                                                                                scale_max,
                                                                                disposition,
                                                                                score,
                                                                                toInt64((empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))) AS is_chosen,
                                                                                local_date BETWEEN {date_from:Date} AND {date_to:Date} AS is_now,
                                                                                local_date BETWEEN {before_from:Date} AND {before_to:Date} AS is_before,
                                                                                sum(sign) AS answers
                                                                            FROM journey_raw.ledger
                                                                            WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                                                                AND map = {map:String} AND map_version = {map_version:UInt32}
                                                                                AND (local_date BETWEEN {date_from:Date} AND {date_to:Date} OR local_date BETWEEN {before_from:Date} AND {before_to:Date})
                                                                                AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated)))
                                                                                AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                                                            GROUP BY is_simulated, kpi, variant, scope, scale_min, scale_max, disposition, score, is_chosen, is_now, is_before
                                                                            ) AS scores
                                                                            INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                                                                                ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                                ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                                ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                                ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                                ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                                ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                                ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                                                                                ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                                ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                                ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                                                                                ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                                                                            USING (kpi, variant, scale_min, scale_max)
                                                                            WHERE disposition IN ('complete', 'partial')
                                                                        )
                                                                    )
                                                                    GROUP BY period, is_simulated, kpi, kpi_variant, scope
                                                                    HAVING n > 0 OR n_outside > 0
                                                                )
                                                            )
                                                        )
                                                    )
                                                )
                                            )
                                        )
                                    )
                                )
                            )
                        )
                        WHERE greatest(n > 0, is_hidden)
                        GROUP BY is_simulated, kpi, kpi_variant, scope
                    ) AS measured
                    LEFT JOIN (
                        SELECT
                            kpi, kpi_variant, scope, any(wording) AS wording,
                            groupArray((is_everywhere, touchpoints, stages, target)) AS questions
                        FROM
                        (
                            SELECT
                                JSONExtractString(asked, 'kpi') AS kpi, JSONExtractString(asked, 'variant') AS kpi_variant,
                                JSONExtractString(asked, 'scope') AS scope, JSONExtractString(asked, 'question') AS wording,
                                JSONExtractString(asked, 'ask', 'touchpoints') = 'all' AS is_everywhere,
                                JSONExtract(asked, 'ask', 'touchpoints', 'Array(String)') AS touchpoints, JSONExtract(asked, 'ask', 'stages', 'Array(String)') AS stages,
                                JSONExtract(asked, 'target', 'Nullable(Float64)') AS target
                            FROM
                            (
                                SELECT arrayJoin(JSONExtractArrayRaw(content, 'kpis')) AS asked
                                FROM
                                (
                                    SELECT content FROM journey_raw.maps
                                    WHERE map = {map:String} AND version = {map_version:UInt32}
                                    ORDER BY registered_at LIMIT 1
                                )
                            )
                        )
                        GROUP BY kpi, kpi_variant, scope
                    ) AS asked USING (kpi, kpi_variant, scope)
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.survey_over_time
(
    bucket DateTime('UTC') COMMENT 'Begin of the UTC hour, local day, week (Monday) or month; of a rolling window its last local day',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    kpi LowCardinality(String) COMMENT 'KPI (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    n Nullable(Int64) COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum); NULL when suppressed',
    n_positive Nullable(Int64) COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum); NULL when suppressed',
    n_neutral Nullable(Int64) COMMENT 'Answers of neither class (additivity: sum); NULL when suppressed',
    n_negative Nullable(Int64) COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum); NULL when suppressed',
    value Nullable(Float64) COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived); NULL when suppressed',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_method LowCardinality(Nullable(String)) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t; NULL without interval',
    is_small_n Nullable(UInt8) COMMENT '1 below the KPI''s minimum of answers (small_n of the catalogue): read with care',
    is_suppressed UInt8 COMMENT '1 when few answers, split by who gave them or where, are not shown: n and all numbers are NULL'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs of the selection over time (additivity: derived)'
AS SELECT
    CAST(bucket, 'DateTime(''UTC'')') AS bucket,
    CAST(is_simulated, 'UInt8') AS is_simulated,
    CAST(kpi, 'LowCardinality(String)') AS kpi,
    CAST(kpi_variant, 'LowCardinality(String)') AS variant,
    CAST(scope, 'LowCardinality(String)') AS scope,
    CAST(if(is_not_shown, NULL, n), 'Nullable(Int64)') AS n,
    CAST(if(is_not_shown, NULL, n_positive), 'Nullable(Int64)') AS n_positive,
    CAST(if(is_not_shown, NULL, n_neutral), 'Nullable(Int64)') AS n_neutral,
    CAST(if(is_not_shown, NULL, n_negative), 'Nullable(Int64)') AS n_negative,
    CAST(if(greatest(is_not_shown, n = 0), NULL, value), 'Nullable(Float64)') AS value,
    CAST(if(greatest(is_not_shown, n = 0), NULL, ci_low), 'Nullable(Float64)') AS ci_low,
    CAST(if(greatest(is_not_shown, n = 0), NULL, ci_high), 'Nullable(Float64)') AS ci_high,
    CAST(if(greatest(is_not_shown, n = 0), NULL, ci_method), 'LowCardinality(Nullable(String))') AS ci_method,
    CAST(if(is_not_shown, NULL, n < small_n), 'Nullable(UInt8)') AS is_small_n,
    CAST(is_not_shown, 'UInt8') AS is_suppressed
FROM 
(
    SELECT
        *,
        greatest(is_hidden, least((notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])), {grain:String} IN ('rolling_7d', 'rolling_28d'), is_thin)) AS is_not_shown
    FROM 
    (
        SELECT
            *,
            max(least(n > 0, greatest(n < 5, least(n_outside > 0, n_outside < 5)))) OVER (PARTITION BY period, is_simulated, kpi, kpi_variant, scope) AS is_thin
        FROM 
        (
            SELECT
                *,
                least(least((notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])), NOT {grain:String} IN ('rolling_7d', 'rolling_28d')), greatest(is_unsafe_0, least(unsafe_all_1 > 0, greatest(stop_1 = 0, rank_1 <= stop_1)))) AS is_hidden
            FROM 
            (
                SELECT
                    *,
                    minIf(rank_1, least(unsafe_until_1 = unsafe_all_1, n_until_1 >= 5, greatest(outside_until_1 >= 5, outside_0 = 0))) OVER (PARTITION BY group_0) AS stop_1
                FROM 
                (
                    SELECT
                        *,
                        dense_rank() OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS rank_1,
                        sum(n) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS n_until_1,
                        sum(n_outside) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS outside_until_1,
                        sum(is_unsafe_1) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS unsafe_until_1,
                        sum(is_unsafe_1) OVER (PARTITION BY group_0) AS unsafe_all_1
                    FROM 
                    (
                        SELECT
                            *,
                            least(n_0 > 0, greatest(n_0 < 5, least(outside_0 > 0, outside_0 < 5))) AS is_unsafe_0,
                            least(n_1 > 0, greatest(n_1 < 5, least(outside_1 > 0, outside_1 < 5))) AS is_unsafe_1
                        FROM 
                        (
                            SELECT
                                *,
                                sum(n) OVER (PARTITION BY group_0) AS n_0,
                                sum(n_outside) OVER (PARTITION BY group_0) AS outside_0,
                                sum(n) OVER (PARTITION BY group_0, node_1) AS n_1,
                                sum(n_outside) OVER (PARTITION BY group_0, node_1) AS outside_1
                            FROM 
                            (
                                SELECT
                                    *,
                                    (period, is_simulated, kpi, kpi_variant, scope) AS group_0,
                                    (bucket) AS node_1
                                FROM 
                                (
                                    SELECT
                                        *,
                                        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
                                        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
                                        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
                                    FROM 
                                    (
                                        SELECT
                                            *,
                                            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
                                            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
                                        FROM 
                                        (
                                            SELECT
                                                *,
                                                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                                                if(kind = 'mean', 1, 100) * numerator / n AS value,
                                                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                                                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
                                            FROM 
                                            (
                                                SELECT
                                                    *,
                                                    n - n_positive - n_negative AS n_neutral,
                                                    kind = 'net' AS is_net,
                                                    kind = 'share' AS is_share,
                                                    (n_positive - n_negative) / (n + 3) AS wald_net,
                                                    greatest(n - 1, 1) AS t_degrees,
                                                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                                                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                                                FROM 
                                                (
                                                    SELECT
                                                        bucket, period, is_simulated, kpi, kpi_variant, scope,
                                                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest, any(unit) AS unit, any(small_n) AS small_n, any(is_low_good) AS is_low_good,
                                                        sum(chosen_answers) AS n,
                                                        sum(chosen_answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                                                        sum(chosen_answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                                                        sum(chosen_answers * units) / 1000 AS total,
                                                        sum(chosen_answers * units * units) / 1000000 AS squares,
                                                        sum(answers - chosen_answers) AS n_outside
                                                    FROM
                                                    (
                                                        SELECT *, answers * is_chosen AS chosen_answers, 0 AS period
                                                        FROM
                                                        (
                                                            SELECT *, toInt64(round(score * 1000)) AS units
                                                            FROM
                                                            (
                                                            SELECT toDateTime(multiIf({grain:String} IN ('week'), toMonday(day), {grain:String} IN ('month'), toStartOfMonth(day), day), 'UTC') AS bucket, is_simulated, kpi, variant, scope, scale_min, scale_max, disposition, score, is_chosen, answers
                                                            FROM
                                                            (
                                                                SELECT *, arrayJoin(arrayMap(later -> addDays(local_day, later), range(multiIf({grain:String} IN ('rolling_7d'), 6, {grain:String} IN ('rolling_28d'), 27, 0) + 1))) AS day
                                                                FROM
                                                                (
                                                                    SELECT
                                                                        local_date AS local_day,
                                                                        is_simulated,
                                                                        kpi,
                                                                        variant,
                                                                        scope,
                                                                        scale_min,
                                                                        scale_max,
                                                                        disposition,
                                                                        score,
                                                                        toInt64((empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))) AS is_chosen,
                                                                        sum(sign) AS answers
                                                                    FROM journey_raw.ledger
                                                                    WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                                                        AND map = {map:String} AND map_version = {map_version:UInt32}
                                                                        AND local_date BETWEEN addDays({date_from:Date}, -multiIf({grain:String} IN ('rolling_7d'), 6, {grain:String} IN ('rolling_28d'), 27, 0)) AND {date_to:Date}
                                                                        AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated)))
                                                                        AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                                                        AND (SELECT throwIf(NOT {grain:String} IN ('hour', 'day', 'week', 'month', 'rolling_7d', 'rolling_28d'), 'grain is one of hour, day, week, month, rolling_7d, rolling_28d')) = 0
                                                                        AND NOT {grain:String} IN ('hour')
                                                                    GROUP BY local_day, is_simulated, kpi, variant, scope, scale_min, scale_max, disposition, score, is_chosen
                                                                )
                                                            )
                                                            WHERE day BETWEEN {date_from:Date} AND {date_to:Date}
                                                            UNION ALL
                                                            SELECT bucket, is_simulated, kpi, variant, scope, scale_min, scale_max, disposition, score, is_chosen, answers
                                                            FROM
                                                            (
                                                                SELECT
                                                                    toStartOfHour(about_time) AS bucket,
                                                                    is_simulated,
                                                                    kpi,
                                                                    variant,
                                                                    scope,
                                                                    scale_min,
                                                                    scale_max,
                                                                    disposition,
                                                                    score,
                                                                    toInt64((empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))) AS is_chosen,
                                                                    sum(sign) AS answers
                                                                FROM journey_raw.ledger
                                                                WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                                                    AND map = {map:String} AND map_version = {map_version:UInt32}
                                                                    AND local_date BETWEEN {date_from:Date} AND {date_to:Date}
                                                                    AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated)))
                                                                    AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                                                    AND (SELECT throwIf(NOT {grain:String} IN ('hour', 'day', 'week', 'month', 'rolling_7d', 'rolling_28d'), 'grain is one of hour, day, week, month, rolling_7d, rolling_28d')) = 0
                                                                    AND {grain:String} IN ('hour')
                                                                GROUP BY bucket, is_simulated, kpi, variant, scope, scale_min, scale_max, disposition, score, is_chosen
                                                            )
                                                            ) AS scores
                                                            INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                                                                ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                                                                ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                                                                ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                                                            USING (kpi, variant, scale_min, scale_max)
                                                            WHERE disposition IN ('complete', 'partial')
                                                        )
                                                    )
                                                    GROUP BY bucket, period, is_simulated, kpi, kpi_variant, scope
                                                    HAVING n > 0 OR n_outside > 0
                                                )
                                            )
                                        )
                                    )
                                )
                            )
                        )
                    )
                )
            )
        )
    )
)
WHERE greatest(n > 0, is_not_shown)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.survey_split
(
    split_value LowCardinality(Nullable(String)) COMMENT 'Value of the key; NULL when unknown, and for the others',
    is_other UInt8 COMMENT '1 for the sum of the suppressed cells',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    kpi LowCardinality(String) COMMENT 'KPI (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    unit LowCardinality(String) COMMENT 'Unit of the value: points, percent or score',
    scale_low Float64 COMMENT 'Lowest value that the KPI can have',
    scale_high Float64 COMMENT 'Highest value that the KPI can have',
    n Nullable(Int64) COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum); NULL when suppressed',
    n_positive Nullable(Int64) COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum); NULL when suppressed',
    n_neutral Nullable(Int64) COMMENT 'Answers of neither class (additivity: sum); NULL when suppressed',
    n_negative Nullable(Int64) COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum); NULL when suppressed',
    value Nullable(Float64) COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived); NULL when suppressed',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_method LowCardinality(Nullable(String)) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t; NULL without interval',
    is_small_n Nullable(UInt8) COMMENT '1 below the KPI''s minimum of answers (small_n of the catalogue): read with care',
    is_suppressed UInt8 COMMENT '1 when few answers, split by who gave them or where, are not shown: n and all numbers are NULL'
)
SQL SECURITY DEFINER
COMMENT 'Survey KPIs of the selection, one row a value of one key (additivity: derived)'
AS SELECT
    CAST(nullIf(split_value, ''), 'LowCardinality(Nullable(String))') AS split_value,
    CAST(is_other, 'UInt8') AS is_other,
    CAST(is_simulated, 'UInt8') AS is_simulated,
    CAST(kpi, 'LowCardinality(String)') AS kpi,
    CAST(kpi_variant, 'LowCardinality(String)') AS variant,
    CAST(scope, 'LowCardinality(String)') AS scope,
    CAST(unit, 'LowCardinality(String)') AS unit,
    CAST(lowest, 'Float64') AS scale_low,
    CAST(highest, 'Float64') AS scale_high,
    CAST(if(is_hidden, NULL, n), 'Nullable(Int64)') AS n,
    CAST(if(is_hidden, NULL, n_positive), 'Nullable(Int64)') AS n_positive,
    CAST(if(is_hidden, NULL, n_neutral), 'Nullable(Int64)') AS n_neutral,
    CAST(if(is_hidden, NULL, n_negative), 'Nullable(Int64)') AS n_negative,
    CAST(if(greatest(is_hidden, n = 0), NULL, value), 'Nullable(Float64)') AS value,
    CAST(if(greatest(is_hidden, n = 0), NULL, ci_low), 'Nullable(Float64)') AS ci_low,
    CAST(if(greatest(is_hidden, n = 0), NULL, ci_high), 'Nullable(Float64)') AS ci_high,
    CAST(if(greatest(is_hidden, n = 0), NULL, ci_method), 'LowCardinality(Nullable(String))') AS ci_method,
    CAST(if(is_hidden, NULL, n < small_n), 'Nullable(UInt8)') AS is_small_n,
    CAST(is_hidden, 'UInt8') AS is_suppressed
FROM 
(
    SELECT
        *,
        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
    FROM 
    (
        SELECT
            *,
            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
        FROM 
        (
            SELECT
                *,
                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                if(kind = 'mean', 1, 100) * numerator / n AS value,
                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
            FROM 
            (
                SELECT
                    *,
                    n - n_positive - n_negative AS n_neutral,
                    kind = 'net' AS is_net,
                    kind = 'share' AS is_share,
                    (n_positive - n_negative) / (n + 3) AS wald_net,
                    greatest(n - 1, 1) AS t_degrees,
                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                FROM 
                (
                    SELECT
                        if(is_other, '', split_name) AS split_value, is_other, period, is_simulated, kpi, kpi_variant, scope,
                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest, any(unit) AS unit, any(small_n) AS small_n, any(is_low_good) AS is_low_good, sum(judged.n) AS n, sum(judged.n_positive) AS n_positive, sum(judged.n_negative) AS n_negative, sum(judged.total) AS total, sum(judged.squares) AS squares, max(is_cell_hidden) AS is_hidden
                    FROM
                    (
                        SELECT
                            * EXCEPT (split_value, is_hidden), split_value AS split_name,
                            arrayJoin(if(least(is_hidden, NOT is_unsafe_0), [0, 1], [0])) AS is_other,
                            least(is_hidden, NOT is_other) AS is_cell_hidden
                        FROM
                        (
                            SELECT
                                *,
                                least(greatest((notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])), {by:String} IN ('brand', 'place', 'persona', 'segment')), greatest(is_unsafe_0, least(unsafe_all_1 > 0, greatest(stop_1 = 0, rank_1 <= stop_1)))) AS is_hidden
                            FROM 
                            (
                                SELECT
                                    *,
                                    minIf(rank_1, least(unsafe_until_1 = unsafe_all_1, n_until_1 >= 5, greatest(outside_until_1 >= 5, outside_0 = 0))) OVER (PARTITION BY group_0) AS stop_1
                                FROM 
                                (
                                    SELECT
                                        *,
                                        dense_rank() OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS rank_1,
                                        sum(n) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS n_until_1,
                                        sum(n_outside) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS outside_until_1,
                                        sum(is_unsafe_1) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS unsafe_until_1,
                                        sum(is_unsafe_1) OVER (PARTITION BY group_0) AS unsafe_all_1
                                    FROM 
                                    (
                                        SELECT
                                            *,
                                            least(n_0 > 0, greatest(n_0 < 5, least(outside_0 > 0, outside_0 < 5))) AS is_unsafe_0,
                                            least(n_1 > 0, greatest(n_1 < 5, least(outside_1 > 0, outside_1 < 5))) AS is_unsafe_1
                                        FROM 
                                        (
                                            SELECT
                                                *,
                                                sum(n) OVER (PARTITION BY group_0) AS n_0,
                                                sum(n_outside) OVER (PARTITION BY group_0) AS outside_0,
                                                sum(n) OVER (PARTITION BY group_0, node_1) AS n_1,
                                                sum(n_outside) OVER (PARTITION BY group_0, node_1) AS outside_1
                                            FROM 
                                            (
                                                SELECT
                                                    *,
                                                    (period, is_simulated, kpi, kpi_variant, scope) AS group_0,
                                                    (split_value) AS node_1
                                                FROM 
                                                (
                                                    SELECT
                                                        split_value, period, is_simulated, kpi, kpi_variant, scope,
                                                        any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest, any(unit) AS unit, any(small_n) AS small_n, any(is_low_good) AS is_low_good,
                                                        sum(chosen_answers) AS n,
                                                        sum(chosen_answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                                                        sum(chosen_answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                                                        sum(chosen_answers * units) / 1000 AS total,
                                                        sum(chosen_answers * units * units) / 1000000 AS squares,
                                                        sum(answers - chosen_answers) AS n_outside
                                                    FROM
                                                    (
                                                        SELECT *, answers * is_chosen AS chosen_answers, 0 AS period
                                                        FROM
                                                        (
                                                            SELECT *, toInt64(round(score * 1000)) AS units
                                                            FROM
                                                            (
                                                            SELECT
                                                                multiIf({by:String} IN ('touchpoint'), toString(touchpoint), {by:String} IN ('stage'), toString(stage), {by:String} IN ('channel'), toString(channel), {by:String} IN ('is_online'), toString(toString(is_online)), {by:String} IN ('is_simulated'), toString(toString(is_simulated)), {by:String} IN ('brand'), toString(brand), {by:String} IN ('place'), toString(place), {by:String} IN ('persona'), toString(persona), {by:String} IN ('segment'), toString(segment), '') AS split_value,
                                                                is_simulated,
                                                                kpi,
                                                                variant,
                                                                scope,
                                                                scale_min,
                                                                scale_max,
                                                                disposition,
                                                                score,
                                                                toInt64((empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))) AS is_chosen,
                                                                sum(sign) AS answers
                                                            FROM journey_raw.ledger
                                                            WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                                                AND map = {map:String} AND map_version = {map_version:UInt32}
                                                                AND local_date BETWEEN {date_from:Date} AND {date_to:Date}
                                                                AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated)))
                                                                AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                                                AND (SELECT throwIf(NOT {by:String} IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), 'by is one of touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment')) = 0
                                                            GROUP BY split_value, is_simulated, kpi, variant, scope, scale_min, scale_max, disposition, score, is_chosen
                                                            ) AS scores
                                                            INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                                                                ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                                                                ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                                                                ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                                                            USING (kpi, variant, scale_min, scale_max)
                                                            WHERE disposition IN ('complete', 'partial')
                                                        )
                                                    )
                                                    GROUP BY split_value, period, is_simulated, kpi, kpi_variant, scope
                                                    HAVING n > 0 OR n_outside > 0
                                                )
                                            )
                                        )
                                    )
                                )
                            )
                        )
                        WHERE greatest(n > 0, is_hidden)
                    ) AS judged
                    GROUP BY split_value, is_other, period, is_simulated, kpi, kpi_variant, scope
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.impact
(
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    kpi LowCardinality(String) COMMENT 'KPI (dim_kpi.id)',
    variant LowCardinality(String) COMMENT 'Formula variant (dim_kpi.variant)',
    scope LowCardinality(String) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    unit LowCardinality(String) COMMENT 'Unit of the value: points, percent or score',
    scale_low Float64 COMMENT 'Lowest value that the KPI can have',
    scale_high Float64 COMMENT 'Highest value that the KPI can have',
    n Nullable(Int64) COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum); NULL when suppressed',
    n_positive Nullable(Int64) COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum); NULL when suppressed',
    n_neutral Nullable(Int64) COMMENT 'Answers of neither class (additivity: sum); NULL when suppressed',
    n_negative Nullable(Int64) COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum); NULL when suppressed',
    value Nullable(Float64) COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived); NULL when suppressed',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_method LowCardinality(Nullable(String)) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t; NULL without interval',
    is_small_n Nullable(UInt8) COMMENT '1 below the KPI''s minimum of answers (small_n of the catalogue): read with care',
    is_suppressed UInt8 COMMENT '1 when few answers, split by who gave them or where, are not shown: n and all numbers are NULL',
    target Nullable(Float64) COMMENT 'What the map holds the KPI against; NULL when it says nothing, or several things',
    gap Nullable(Float64) COMMENT 'What the KPI lacks of its target, as a share of its range; negative when it is better; NULL without target',
    journeys Int64 COMMENT 'Selected journeys through the touchpoint (additivity: distinct); simulated ones count for simulated answers only',
    n_good Nullable(Int64) COMMENT 'Journeys with a good experience there: an answer of the good class, none of the bad',
    n_bad Nullable(Int64) COMMENT 'Journeys with a bad experience there: an answer of the bad class',
    conversion_good Nullable(Float64) COMMENT 'Share of the journeys with a good experience that have converted; NULL without any',
    conversion_bad Nullable(Float64) COMMENT 'Share of the journeys with a bad experience that have converted; NULL without any',
    difference Nullable(Float64) COMMENT 'conversion_good less conversion_bad: consistent with an effect, no proof of one',
    difference_low Nullable(Float64) COMMENT 'Lower bound of its 95 % interval (Newcombe)',
    difference_high Nullable(Float64) COMMENT 'Upper bound of its 95 % interval (Newcombe)',
    impact Nullable(Float64) COMMENT 'journeys times difference',
    score Nullable(Float64) COMMENT 'impact times gap; NULL where the target is reached',
    is_flagged UInt8 COMMENT '1 when the KPI misses its target beyond doubt: the whole interval is on the bad side',
    rank UInt64 COMMENT 'From 1: where to act first; flagged ones before the others, then by score'
)
SQL SECURITY DEFINER
COMMENT 'Where to act: survey KPIs by touchpoint with gap to the target and impact on conversion (additivity: derived)'
AS SELECT
    CAST(touchpoint, 'LowCardinality(String)') AS touchpoint,
    CAST(is_simulated, 'UInt8') AS is_simulated,
    CAST(kpi, 'LowCardinality(String)') AS kpi,
    CAST(kpi_variant, 'LowCardinality(String)') AS variant,
    CAST(scope, 'LowCardinality(String)') AS scope,
    CAST(unit, 'LowCardinality(String)') AS unit,
    CAST(lowest, 'Float64') AS scale_low,
    CAST(highest, 'Float64') AS scale_high,
    CAST(if(is_hidden, NULL, n), 'Nullable(Int64)') AS n,
    CAST(if(is_hidden, NULL, n_positive), 'Nullable(Int64)') AS n_positive,
    CAST(if(is_hidden, NULL, n_neutral), 'Nullable(Int64)') AS n_neutral,
    CAST(if(is_hidden, NULL, n_negative), 'Nullable(Int64)') AS n_negative,
    CAST(if(greatest(is_hidden, n = 0), NULL, value), 'Nullable(Float64)') AS value,
    CAST(if(greatest(is_hidden, n = 0), NULL, ci_low), 'Nullable(Float64)') AS ci_low,
    CAST(if(greatest(is_hidden, n = 0), NULL, ci_high), 'Nullable(Float64)') AS ci_high,
    CAST(if(greatest(is_hidden, n = 0), NULL, ci_method), 'LowCardinality(Nullable(String))') AS ci_method,
    CAST(if(is_hidden, NULL, n < small_n), 'Nullable(UInt8)') AS is_small_n,
    CAST(is_hidden, 'UInt8') AS is_suppressed,
    CAST(target, 'Nullable(Float64)') AS target,
    CAST(gap, 'Nullable(Float64)') AS gap,
    CAST(journeys, 'Int64') AS journeys,
    CAST(if(is_hidden, NULL, n_good), 'Nullable(Int64)') AS n_good,
    CAST(if(is_hidden, NULL, n_bad), 'Nullable(Int64)') AS n_bad,
    CAST(if(greatest(is_hidden, n_good = 0), NULL, good_share), 'Nullable(Float64)') AS conversion_good,
    CAST(if(greatest(is_hidden, n_bad = 0), NULL, bad_share), 'Nullable(Float64)') AS conversion_bad,
    CAST(difference, 'Nullable(Float64)') AS difference,
    CAST(difference_low, 'Nullable(Float64)') AS difference_low,
    CAST(difference_high, 'Nullable(Float64)') AS difference_high,
    CAST(impact, 'Nullable(Float64)') AS impact,
    CAST(score, 'Nullable(Float64)') AS score,
    CAST(is_flagged, 'UInt8') AS is_flagged,
    CAST(row_number() OVER (ORDER BY is_flagged DESC, ifNull(score, -inf) DESC, touchpoint, is_simulated, kpi, kpi_variant, scope), 'UInt64') AS rank
FROM 
(
    SELECT
        *,
        if(gap > 0, impact * gap, NULL) AS score
    FROM 
    (
        SELECT
            *,
            journeys * difference AS impact
        FROM 
        (
            SELECT
                *,
                if(is_known, good_share - bad_share, NULL) AS difference,
                if(is_known, good_share - bad_share - sqrt(pow(good_below, 2) + pow(bad_above, 2)), NULL) AS difference_low,
                if(is_known, good_share - bad_share + sqrt(pow(good_above, 2) + pow(bad_below, 2)), NULL) AS difference_high
            FROM 
            (
                SELECT
                    *,
                    toInt64(if(is_simulated = 1, all_journeys, real_journeys)) AS journeys,
                    least(NOT is_hidden, n_good > 0, n_bad > 0) AS is_known,
                    if(is_hidden, NULL, if(is_low_good, value - target, target - value) / (highest - lowest)) AS gap,
                    if(multiIf(greatest(isNull(target), isNull(ci_low)), NULL, if(is_low_good, ci_high <= target, ci_low >= target), 'met', if(is_low_good, ci_low > target, ci_high < target), 'missed', 'not proved') = 'missed', NOT is_hidden, 0) AS is_flagged
                FROM 
                (
                    SELECT
                        *,
                        if(length(targets) = 1, targets[1], NULL) AS target,
                        nullIf(wording, '') AS question
                    FROM 
                    (
                        SELECT
                            *,
                            good_share - greatest(good_centre - good_half, 0) AS good_below,
                            least(good_centre + good_half, 1) - good_share AS good_above,
                            bad_share - greatest(bad_centre - bad_half, 0) AS bad_below,
                            least(bad_centre + bad_half, 1) - bad_share AS bad_above,
                            arrayDistinct(arrayFilter(one -> isNotNull(one), arrayMap(one -> one.4, if(empty(asked_here), questions, asked_here)))) AS targets
                        FROM 
                        (
                            SELECT
                                *,
                                good_converted / n_good AS good_share,
                                bad_converted / n_bad AS bad_share,
                                (good_converted + 1.9207294103470627) / (n_good + 3.8414588206941254) AS good_centre,
                                1.959963984540054 * sqrt(good_converted * (n_good - good_converted) / n_good + 0.9603647051735313) / (n_good + 3.8414588206941254) AS good_half,
                                (bad_converted + 1.9207294103470627) / (n_bad + 3.8414588206941254) AS bad_centre,
                                1.959963984540054 * sqrt(bad_converted * (n_bad - bad_converted) / n_bad + 0.9603647051735313) / (n_bad + 3.8414588206941254) AS bad_half,
                                arrayFilter(one -> greatest(one.1, has(one.2, touchpoint), hasAny(one.3, at_stages)), questions) AS asked_here
                            FROM 
                            (
                                SELECT *
                                FROM
                                (
                                    SELECT
                                        *,
                                        multiIf(is_net, 100 * greatest(wald_net - wald_half, -1), is_share, 100 * greatest(wilson_centre - wilson_half, 0), if(n > 1, greatest(total / n - t_half, lowest), lowest)) AS ci_low,
                                        multiIf(is_net, 100 * least(wald_net + wald_half, 1), is_share, 100 * least(wilson_centre + wilson_half, 1), if(n > 1, least(total / n + t_half, highest), highest)) AS ci_high,
                                        multiIf(is_net, 'adjusted_wald', is_share, 'wilson', 'student_t') AS ci_method
                                    FROM 
                                    (
                                        SELECT
                                            *,
                                            1.959963984540054 * sqrt(wald_variance / (n + 3)) AS wald_half,
                                            t_quantile * sqrt(greatest(squares - total * total / n, 0) / t_degrees / n) AS t_half
                                        FROM 
                                        (
                                            SELECT
                                                *,
                                                multiIf(is_net, toFloat64(n_positive - n_negative), is_share, toFloat64(n_positive), total) AS numerator,
                                                if(kind = 'mean', 1, 100) * numerator / n AS value,
                                                (n_positive + n_negative + 1.5) / (n + 3) - wald_net * wald_net AS wald_variance,
                                                multiIf(t_degrees = 1, 12.706204736174705, t_degrees = 2, 4.302652729749464, 1.959963984540054 + 2.372271230298562 / pow(t_degrees, 1) + 2.8224986157396112 / pow(t_degrees, 2) + 2.555849679507722 / pow(t_degrees, 3) + 1.5895340533938225 / pow(t_degrees, 4)) AS t_quantile
                                            FROM 
                                            (
                                                SELECT
                                                    *,
                                                    n - n_positive - n_negative AS n_neutral,
                                                    kind = 'net' AS is_net,
                                                    kind = 'share' AS is_share,
                                                    (n_positive - n_negative) / (n + 3) AS wald_net,
                                                    greatest(n - 1, 1) AS t_degrees,
                                                    (n_positive + 1.9207294103470627) / (n + 3.8414588206941254) AS wilson_centre,
                                                    1.959963984540054 * sqrt(n_positive * (n - n_positive) / n + 0.9603647051735313) / (n + 3.8414588206941254) AS wilson_half
                                                FROM 
                                                (
                                                    SELECT
                                                        touchpoint, is_simulated, kpi, kpi_variant, scope, any(cells.kind) AS kind, any(cells.lowest) AS lowest, any(cells.highest) AS highest, any(cells.unit) AS unit, any(cells.small_n) AS small_n, any(cells.is_low_good) AS is_low_good, sum(cells.n) AS n, sum(cells.n_positive) AS n_positive, sum(cells.n_negative) AS n_negative, sum(cells.total) AS total, sum(cells.squares) AS squares,
                                                        max(cells.is_hidden) AS is_hidden, groupUniqArray(toString(cells.stage)) AS at_stages
                                                    FROM
                                                    (
                                                        SELECT
                                                            *,
                                                            least((notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])), greatest(is_unsafe_0, least(unsafe_all_1 > 0, greatest(stop_1 = 0, rank_1 <= stop_1)), least(unsafe_all_2 > 0, greatest(stop_2 = 0, rank_2 <= stop_2)))) AS is_hidden
                                                        FROM 
                                                        (
                                                            SELECT
                                                                *,
                                                                minIf(rank_1, least(unsafe_until_1 = unsafe_all_1, n_until_1 >= 5, greatest(outside_until_1 >= 5, outside_0 = 0))) OVER (PARTITION BY group_0) AS stop_1,
                                                                minIf(rank_2, least(unsafe_until_2 = unsafe_all_2, n_until_2 >= 5, greatest(outside_until_2 >= 5, outside_1 = 0))) OVER (PARTITION BY group_0, node_1) AS stop_2
                                                            FROM 
                                                            (
                                                                SELECT
                                                                    *,
                                                                    dense_rank() OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS rank_1,
                                                                    sum(n) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS n_until_1,
                                                                    sum(n_outside) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS outside_until_1,
                                                                    sum(is_unsafe_1) OVER (PARTITION BY group_0 ORDER BY is_unsafe_1 DESC, n_1, node_1) AS unsafe_until_1,
                                                                    sum(is_unsafe_1) OVER (PARTITION BY group_0) AS unsafe_all_1,
                                                                    dense_rank() OVER (PARTITION BY group_0, node_1 ORDER BY is_unsafe_2 DESC, n_2, node_2) AS rank_2,
                                                                    sum(n) OVER (PARTITION BY group_0, node_1 ORDER BY is_unsafe_2 DESC, n_2, node_2) AS n_until_2,
                                                                    sum(n_outside) OVER (PARTITION BY group_0, node_1 ORDER BY is_unsafe_2 DESC, n_2, node_2) AS outside_until_2,
                                                                    sum(is_unsafe_2) OVER (PARTITION BY group_0, node_1 ORDER BY is_unsafe_2 DESC, n_2, node_2) AS unsafe_until_2,
                                                                    sum(is_unsafe_2) OVER (PARTITION BY group_0, node_1) AS unsafe_all_2
                                                                FROM 
                                                                (
                                                                    SELECT
                                                                        *,
                                                                        least(n_0 > 0, greatest(n_0 < 5, least(outside_0 > 0, outside_0 < 5))) AS is_unsafe_0,
                                                                        least(n_1 > 0, greatest(n_1 < 5, least(outside_1 > 0, outside_1 < 5))) AS is_unsafe_1,
                                                                        least(n_2 > 0, greatest(n_2 < 5, least(outside_2 > 0, outside_2 < 5))) AS is_unsafe_2
                                                                    FROM 
                                                                    (
                                                                        SELECT
                                                                            *,
                                                                            sum(n) OVER (PARTITION BY group_0) AS n_0,
                                                                            sum(n_outside) OVER (PARTITION BY group_0) AS outside_0,
                                                                            sum(n) OVER (PARTITION BY group_0, node_1) AS n_1,
                                                                            sum(n_outside) OVER (PARTITION BY group_0, node_1) AS outside_1,
                                                                            sum(n) OVER (PARTITION BY group_0, node_1, node_2) AS n_2,
                                                                            sum(n_outside) OVER (PARTITION BY group_0, node_1, node_2) AS outside_2
                                                                        FROM 
                                                                        (
                                                                            SELECT
                                                                                *,
                                                                                (period, is_simulated, kpi, kpi_variant, scope) AS group_0,
                                                                                (stage_order, stage) AS node_1,
                                                                                (touchpoint) AS node_2
                                                                            FROM 
                                                                            (
                                                                                SELECT
                                                                                    stage_order, stage, touchpoint, period, is_simulated, kpi, kpi_variant, scope,
                                                                                    any(kind) AS kind, any(lowest) AS lowest, any(highest) AS highest, any(unit) AS unit, any(small_n) AS small_n, any(is_low_good) AS is_low_good,
                                                                                    sum(chosen_answers) AS n,
                                                                                    sum(chosen_answers * (score BETWEEN good_from AND good_to)) AS n_positive,
                                                                                    sum(chosen_answers * (score BETWEEN bad_from AND bad_to)) AS n_negative,
                                                                                    sum(chosen_answers * units) / 1000 AS total,
                                                                                    sum(chosen_answers * units * units) / 1000000 AS squares,
                                                                                    sum(answers - chosen_answers) AS n_outside
                                                                                FROM
                                                                                (
                                                                                    SELECT *, answers * is_chosen AS chosen_answers, 0 AS period
                                                                                    FROM
                                                                                    (
                                                                                        SELECT *, toInt64(round(score * 1000)) AS units
                                                                                        FROM
                                                                                        (
                                                                                        SELECT
                                                                                            stage_order,
                                                                                            stage,
                                                                                            touchpoint,
                                                                                            is_simulated,
                                                                                            kpi,
                                                                                            variant,
                                                                                            scope,
                                                                                            scale_min,
                                                                                            scale_max,
                                                                                            disposition,
                                                                                            score,
                                                                                            toInt64((empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))) AS is_chosen,
                                                                                            sum(sign) AS answers
                                                                                        FROM journey_raw.ledger
                                                                                        WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
                                                                                            AND map = {map:String} AND map_version = {map_version:UInt32}
                                                                                            AND local_date BETWEEN {date_from:Date} AND {date_to:Date}
                                                                                            AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated)))
                                                                                            AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                                                                        GROUP BY stage_order, stage, touchpoint, is_simulated, kpi, variant, scope, scale_min, scale_max, disposition, score, is_chosen
                                                                                        ) AS scores
                                                                                        INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                                                                                            ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                                            ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                                                            ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                                            ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                                                            ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                            ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                            ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                                            ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                                                            ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                                                            ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                                                                                            ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                                            ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                                                            ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                                                                                            ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                                                                                        USING (kpi, variant, scale_min, scale_max)
                                                                                        WHERE disposition IN ('complete', 'partial')
                                                                                    )
                                                                                )
                                                                                GROUP BY stage_order, stage, touchpoint, period, is_simulated, kpi, kpi_variant, scope
                                                                                HAVING n > 0 OR n_outside > 0
                                                                            )
                                                                        )
                                                                    )
                                                                )
                                                            )
                                                        )
                                                    ) AS cells
                                                    GROUP BY touchpoint, is_simulated, kpi, kpi_variant, scope
                                                    HAVING n > 0
                                                )
                                            )
                                        )
                                    )
                                ) AS kpis
                                LEFT JOIN
                                (
                                    SELECT
                                        touchpoint, is_simulated, kpi, kpi_variant, scope,
                                        countIf(is_good) AS n_good, countIf(is_bad) AS n_bad,
                                        countIf(least(is_good, is_converted)) AS good_converted, countIf(least(is_bad, is_converted)) AS bad_converted
                                    FROM
                                    (
                                        SELECT
                                            touchpoint, is_simulated, kpi, kpi_variant, scope, who, cycle, any(is_converted) AS is_converted,
                                            max(score BETWEEN bad_from AND bad_to) AS is_bad,
                                            max(score BETWEEN good_from AND good_to) AND NOT is_bad AS is_good
                                        FROM
                                        (
                                            SELECT *, toInt64(round(score * 1000)) AS units
                                            FROM
                                            (
                                            SELECT
                                                touchpoint, is_simulated, sipHash128(person) AS who, toUnixTimestamp64Micro(about_time) AS about_us,
                                                kpi, variant, scope, scale_min, scale_max, disposition, score, 1 AS answers
                                            FROM journey_raw.ledger
                                            WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1 AND person != ''
                                                AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                                AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
                                            ) AS scores
                                            INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8',
                                                ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100, 'points', 30, 0),
                                                ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100, 'percent', 30, 0),
                                                ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7, 'score', 30, 0),
                                                ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100, 'percent', 30, 0),
                                                ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 30, 0),
                                                ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5, 'score', 30, 1),
                                                ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0),
                                                ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100, 'points', 100, 0)) AS formulas
                                            USING (kpi, variant, scale_min, scale_max)
                                            WHERE disposition IN ('complete', 'partial')
                                        ) AS answers
                                        ASOF INNER JOIN
                                        (
                                            SELECT who, cycle, started_us, conversions > 0 AS is_converted
                                            FROM
                                            (
                                                SELECT
                                                    sipHash128(person) AS who,
                                                    cycle,
                                                    sum(sign) AS touchpoints,
                                                    sum(sign * is_simulated) AS simulated,
                                                    sum(sign * (funnel_depth - funnel_before)) AS depth,
                                                    sum(sign * (stage_max - stage_max_before)) AS highest,
                                                    sum(sign * is_conversion) AS conversions,
                                                    sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
                                                    sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
                                                    sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
                                                    sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us
                                                FROM journey_raw.ledger
                                                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
                                                    AND map = {map:String} AND map_version = {map_version:UInt32}
                                                GROUP BY who, cycle
                                                HAVING touchpoints > 0
                                            )
                                            WHERE who IN (SELECT sipHash128(person) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1 AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0)
                                        ) AS journeys
                                        ON answers.who = journeys.who AND answers.about_us >= journeys.started_us
                                        GROUP BY touchpoint, is_simulated, kpi, kpi_variant, scope, who, cycle
                                    )
                                    GROUP BY touchpoint, is_simulated, kpi, kpi_variant, scope
                                ) AS experiences USING (touchpoint, is_simulated, kpi, kpi_variant, scope)
                                LEFT JOIN
                                (
                                    SELECT if('touchpoint' = 'stage', arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(stage))) FROM (
                                        SELECT
                                            stage,
                                            sum(sign) AS events
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                        GROUP BY stage
                                    ))), arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                                        SELECT
                                            touchpoint,
                                            sum(sign) AS events
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                        GROUP BY touchpoint
                                    ))))[node] AS touchpoint, sumIf(same, NOT of_real) AS all_journeys, sumIf(same, of_real) AS real_journeys
                                    FROM
                                    (
                                        SELECT intDiv(code, 2) AS node, code % 2 = 0 AS of_real, count() AS same
                                        FROM
                                        (
                                            SELECT groupArray(2 * toUInt32(if('touchpoint' = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
                                        SELECT
                                            stage,
                                            sum(sign) AS events
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                        GROUP BY stage
                                    ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                                        SELECT
                                            touchpoint,
                                            sum(sign) AS events
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                        GROUP BY touchpoint
                                    ))), touchpoint))) + (is_simulated != 0)) AS met
                                            FROM journey_raw.ledger
                                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
                                                AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                                AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
                                            GROUP BY sipHash128(person), cycle
                                        )
                                        ARRAY JOIN arrayDistinct(arrayConcat(arrayMap(one -> bitOr(one, 1), met), arrayFilter(one -> one % 2 = 0, met))) AS code
                                        GROUP BY code
                                    )
                                    GROUP BY node
                                ) AS through USING (touchpoint)
                                LEFT JOIN (
                                    SELECT
                                        kpi, kpi_variant, scope, any(wording) AS wording,
                                        groupArray((is_everywhere, touchpoints, stages, target)) AS questions
                                    FROM
                                    (
                                        SELECT
                                            JSONExtractString(asked, 'kpi') AS kpi, JSONExtractString(asked, 'variant') AS kpi_variant,
                                            JSONExtractString(asked, 'scope') AS scope, JSONExtractString(asked, 'question') AS wording,
                                            JSONExtractString(asked, 'ask', 'touchpoints') = 'all' AS is_everywhere,
                                            JSONExtract(asked, 'ask', 'touchpoints', 'Array(String)') AS touchpoints, JSONExtract(asked, 'ask', 'stages', 'Array(String)') AS stages,
                                            JSONExtract(asked, 'target', 'Nullable(Float64)') AS target
                                        FROM
                                        (
                                            SELECT arrayJoin(JSONExtractArrayRaw(content, 'kpis')) AS asked
                                            FROM
                                            (
                                                SELECT content FROM journey_raw.maps
                                                WHERE map = {map:String} AND version = {map_version:UInt32}
                                                ORDER BY registered_at LIMIT 1
                                            )
                                        )
                                    )
                                    GROUP BY kpi, kpi_variant, scope
                                ) AS asked USING (kpi, kpi_variant, scope)
                            )
                        )
                    )
                )
            )
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.volume_by_touchpoint
(
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    events Int64 COMMENT 'Number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'Events of the selection by touchpoint (additivity: sum)'
AS SELECT
    CAST(touchpoint, 'LowCardinality(String)') AS touchpoint,
    CAST(nullIf(stage, ''), 'LowCardinality(Nullable(String))') AS stage,
    CAST(nullIf(stage_order, 0), 'Nullable(UInt8)') AS stage_order,
    CAST(nullIf(channel, ''), 'LowCardinality(Nullable(String))') AS channel,
    CAST(is_online, 'UInt8') AS is_online,
    CAST(is_simulated, 'UInt8') AS is_simulated,
    CAST(events, 'Int64') AS events
FROM 
(
SELECT
    touchpoint,
    stage,
    stage_order,
    channel,
    is_online,
    is_simulated,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
GROUP BY touchpoint, stage, stage_order, channel, is_online, is_simulated
)
WHERE events != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.volume_over_time
(
    bucket DateTime('UTC') COMMENT 'Begin of the hour, or of the first local day of the bucket',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    events Int64 COMMENT 'Number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'Events of the selection over time, by touchpoint (additivity: sum)'
AS SELECT
    CAST(bucket, 'DateTime(''UTC'')') AS bucket,
    CAST(touchpoint, 'LowCardinality(String)') AS touchpoint,
    CAST(is_simulated, 'UInt8') AS is_simulated,
    CAST(events, 'Int64') AS events
FROM 
(
    SELECT toDateTime(bucket_day, 'UTC') AS bucket, touchpoint, is_simulated, events
    FROM (
SELECT
    multiIf({grain:String} IN ('day'), local_date, {grain:String} IN ('week'), toMonday(local_date), toStartOfMonth(local_date)) AS bucket_day,
    touchpoint,
    is_simulated,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND (SELECT throwIf(NOT {grain:String} IN ('hour', 'day', 'week', 'month'), 'grain is one of hour, day, week, month')) = 0 AND NOT {grain:String} IN ('hour')
GROUP BY bucket_day, touchpoint, is_simulated
    )
    UNION ALL
    SELECT toStartOfHour(event_time) AS bucket, touchpoint, is_simulated, sum(sign) AS events
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND {grain:String} IN ('hour')
    GROUP BY bucket, touchpoint, is_simulated
)
WHERE events != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.revenue_by_touchpoint
(
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    currency LowCardinality(String) COMMENT 'ISO 4217 currency',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown',
    orders Int64 COMMENT 'Number of events with an amount (additivity: sum)',
    amount Nullable(Decimal(18, 4)) COMMENT 'Paid amount, tax included, in units of the currency; negative for a refund'
)
SQL SECURITY DEFINER
COMMENT 'Paid amounts of the selection by touchpoint and currency, less refunds; never sum across currencies (additivity: sum)'
AS SELECT
    CAST(touchpoint, 'LowCardinality(String)') AS touchpoint,
    CAST(currency, 'LowCardinality(String)') AS currency,
    CAST(is_simulated, 'UInt8') AS is_simulated,
    CAST(orders, 'Int64') AS orders,
    CAST(accurateCastOrNull(total, 'Decimal(18, 4)'), 'Nullable(Decimal(18, 4))') AS amount
FROM 
(
    SELECT
        touchpoint, currency, is_simulated, sum(orders) AS orders,
        sum(toDecimal128(amount_minor, 4) / toDecimal128(intExp10(currency_exponent), 0)) AS total
    FROM
    (
SELECT
    touchpoint,
    currency,
    currency_exponent,
    is_simulated,
    sum(sign) AS orders,
    sum(sign * amount_minor) AS amount_minor
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND currency != ''
    AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
GROUP BY touchpoint, currency, currency_exponent, is_simulated
    )
    GROUP BY touchpoint, currency, is_simulated
)
WHERE orders != 0 OR total != 0
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.dimension_values
(
    key LowCardinality(String) COMMENT 'Key of the filter',
    value String COMMENT 'One of its values; empty for what is not known',
    events Int64 COMMENT 'Number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'What a reader can filter by: every value of every key of the filter (additivity: sum within a key)'
AS SELECT
    CAST(key, 'LowCardinality(String)') AS key,
    CAST(value, 'String') AS value,
    CAST(events, 'Int64') AS events
FROM 
(
    SELECT 'touchpoint' AS key, value, events FROM (
SELECT
    toString(touchpoint) AS value,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32}
GROUP BY value
    ) WHERE events != 0
    UNION ALL
    SELECT 'stage' AS key, value, events FROM (
SELECT
    toString(stage) AS value,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32}
GROUP BY value
    ) WHERE events != 0
    UNION ALL
    SELECT 'channel' AS key, value, events FROM (
SELECT
    toString(channel) AS value,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32}
GROUP BY value
    ) WHERE events != 0
    UNION ALL
    SELECT 'is_online' AS key, value, events FROM (
SELECT
    toString(toString(is_online)) AS value,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32}
GROUP BY value
    ) WHERE events != 0
    UNION ALL
    SELECT 'is_simulated' AS key, value, events FROM (
SELECT
    toString(toString(is_simulated)) AS value,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32}
GROUP BY value
    ) WHERE events != 0
    UNION ALL
    SELECT 'brand' AS key, value, events FROM (
SELECT
    toString(brand) AS value,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32}
GROUP BY value
    ) WHERE events != 0
    UNION ALL
    SELECT 'place' AS key, value, events FROM (
SELECT
    toString(place) AS value,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32}
GROUP BY value
    ) WHERE events != 0
    UNION ALL
    SELECT 'persona' AS key, value, events FROM (
SELECT
    toString(persona) AS value,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32}
GROUP BY value
    ) WHERE events != 0
    UNION ALL
    SELECT 'segment' AS key, value, events FROM (
SELECT
    toString(segment) AS value,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32}
GROUP BY value
    ) WHERE events != 0
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.persons_by_touchpoint
(
    touchpoint LowCardinality(Nullable(String)) COMMENT 'Touchpoint; NULL for all of them together',
    persons Int64 COMMENT 'Distinct persons with a selected event there (additivity: distinct)',
    journeys Int64 COMMENT 'Distinct journeys with a selected event there (additivity: distinct)',
    conversions Int64 COMMENT 'Of those the ones that have converted, wherever',
    dropped Int64 COMMENT 'Of those the ones that are over at as_of, never converted, and whose last touchpoint it is (of all: any last touchpoint)',
    numerator Int64 COMMENT 'Journeys of the denominator that dropped',
    denominator Int64 COMMENT 'Journeys there whose window is over: the map''s churn term has passed since they began; without a term all',
    drop_off Nullable(Float64) COMMENT 'numerator / denominator; NULL while no window is over',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the 95 % Wilson interval of drop_off',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the 95 % Wilson interval of drop_off',
    is_simulated UInt8 COMMENT '1 when a selected event there is simulated: label the numbers'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys of the selection by touchpoint, and how many journeys were lost there; never sum (additivity: distinct)'
AS SELECT
    CAST(here, 'LowCardinality(Nullable(String))') AS touchpoint,
    CAST(persons, 'Int64') AS persons,
    CAST(journeys, 'Int64') AS journeys,
    CAST(converted, 'Int64') AS conversions,
    CAST(dropped, 'Int64') AS dropped,
    CAST(lost, 'Int64') AS numerator,
    CAST(judged, 'Int64') AS denominator,
    CAST(if(judged = 0, NULL, lost / judged), 'Nullable(Float64)') AS drop_off,
    CAST(if(judged = 0, NULL, greatest(wilson_centre - wilson_half, 0)), 'Nullable(Float64)') AS ci_low,
    CAST(if(judged = 0, NULL, least(wilson_centre + wilson_half, 1)), 'Nullable(Float64)') AS ci_high,
    CAST(if(isNull(here), notEmpty((SELECT groupUniqArray(toString(touchpoint)) FROM (
SELECT
    touchpoint,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND is_simulated = 1
GROUP BY touchpoint
) WHERE events != 0)), has((SELECT groupUniqArray(toString(touchpoint)) FROM (
SELECT
    touchpoint,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND is_simulated = 1
GROUP BY touchpoint
) WHERE events != 0), ifNull(toString(here), ''))), 'UInt8') AS is_simulated
FROM 
(
    SELECT
        *,
        (lost + 1.9207294103470627) / (judged + 3.8414588206941254) AS wilson_centre,
        1.959963984540054 * sqrt(lost * (judged - lost) / judged + 0.9603647051735313) / (judged + 3.8414588206941254) AS wilson_half
    FROM 
    (
        SELECT
            if(node = 0, NULL, if('touchpoint' = 'stage', arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(stage))) FROM (
            SELECT
                stage,
                sum(sign) AS events
            FROM journey_raw.ledger
            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            GROUP BY stage
        ))), arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
            SELECT
                touchpoint,
                sum(sign) AS events
            FROM journey_raw.ledger
            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
            GROUP BY touchpoint
        ))))[node]) AS here,
            sumIf(same, bitAnd(code, 32) > 0) AS persons, sumIf(same, bitAnd(code, 1) > 0) AS journeys, sumIf(same, bitAnd(code, 2) > 0) AS converted, sumIf(same, bitAnd(code, 4) > 0) AS dropped, sumIf(same, bitAnd(code, 8) > 0) AS judged, sumIf(same, bitAnd(code, 16) > 0) AS lost
        FROM
        (
            SELECT code, intDiv(code, 256) AS node, count() AS same
            FROM
            (
                SELECT groupArrayArray(codes) AS told, arrayDistinct(arrayMap(code -> intDiv(code, 256), told)) AS nodes
                FROM
                (
                    SELECT
                        who, ((SELECT max(86400000000 * JSONExtractInt(content, 'churn', 'inactivity_days')) FROM journey_raw.maps WHERE map = {map:String} AND version = {map_version:UInt32}) = 0 OR started_us + (SELECT max(86400000000 * JSONExtractInt(content, 'churn', 'inactivity_days')) FROM journey_raw.maps WHERE map = {map:String} AND version = {map_version:UInt32}) <= (1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')})))) AS is_judged,
                        arrayMap(node -> toUInt64(node * 256
                        + 1 * (cycle > 0) + 2 * (conversions > 0) + 4 * (cycle > 0 AND NOT is_open AND conversions = 0 AND (node = 0 OR node = last_node))
                        + 8 * (cycle > 0 AND is_judged) + 16 * ((cycle > 0 AND NOT is_open AND conversions = 0 AND (node = 0 OR node = last_node)) AND is_judged)), arrayPushFront(arrayDistinct(met_here), toUInt32(0))) AS codes
                    FROM
                    (
                        SELECT *, (toUnixTimestamp(due) = 0 OR due > {as_of:DateTime('UTC')}) AND (who, toUInt32(cycle + 1)) NOT IN (SELECT who, cycle FROM
                        (
                            SELECT
                                sipHash128(person) AS who,
                                cycle,
                                sum(sign) AS touchpoints,
                                sum(sign * is_simulated) AS simulated,
                                sum(sign * (funnel_depth - funnel_before)) AS depth,
                                sum(sign * (stage_max - stage_max_before)) AS highest,
                                sum(sign * is_conversion) AS conversions,
                                sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
                                sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
                                sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
                                sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
                                AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND cycle > 1
                            GROUP BY who, cycle
                            HAVING touchpoints > 0 AND (term_us < 0 OR ended_us + term_us >= (1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')}))))
                        )) AS is_open
                        FROM
                        (
                            SELECT
                                sipHash128(person) AS who, cycle, argMax(churn_due_at, touchpoint_number) AS due,
                                sum(sign * is_conversion) AS conversions,
                                sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
                                argMax(toUInt32(if('touchpoint' = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
                            SELECT
                                stage,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY stage
                        ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                            SELECT
                                touchpoint,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY touchpoint
                        ))), touchpoint))), touchpoint_number) AS last_node,
                                groupArrayIf(toUInt32(if('touchpoint' = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
                            SELECT
                                stage,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY stage
                        ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                            SELECT
                                touchpoint,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY touchpoint
                        ))), touchpoint))), local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))) AS met_here
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                              AND touchpoint_number > 0
                              AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                              AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
                              AND (NOT intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) = 0 OR (sipHash128(person), cycle) IN (
                        SELECT sipHash128(person) AS who, cycle FROM journey_raw.ledger
                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 0 AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))
                        GROUP BY who, cycle
                        HAVING sum(sign) > 0
                    ))
                            GROUP BY who, cycle
                            HAVING sum(if(intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) BETWEEN 1 AND 4, if(local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)), sign, toInt8(0)), sign)) > 0
                        )
                    )
                )
                GROUP BY who
            )
            ARRAY JOIN arrayConcat(told, arrayMap(node -> toUInt64(node * 256 + 32), nodes)) AS code
            GROUP BY code, node
        )
        GROUP BY node
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.funnel
(
    stage LowCardinality(String) COMMENT 'Stage (dim_stage.id)',
    stage_order UInt8 COMMENT 'Place of the stage in the map, from 1',
    reached Int64 COMMENT 'Selected journeys that reached the stage: advanced + dropped + open',
    advanced Int64 COMMENT 'Of those the ones that reached the next stage',
    dropped Int64 COMMENT 'Of those the ones that are over without: lost, or followed by a later cycle; of the last stage all that are over',
    open Int64 COMMENT 'Of those the ones that may still advance: nothing is said of them yet',
    numerator Int64 COMMENT 'Journeys of the denominator that advanced',
    denominator Int64 COMMENT 'Journeys that reached it and whose window is over: the map''s churn term has passed since they began; without a term all',
    rate Nullable(Float64) COMMENT 'numerator / denominator; NULL while no window is over, and for the last stage',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the rate''s 95 % interval',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the rate''s 95 % interval',
    ci_method LowCardinality(Nullable(String)) COMMENT 'How the interval was computed: wilson; NULL without interval',
    is_simulated UInt8 COMMENT '1 in every row when a touchpoint of a selected journey is simulated, or an event of the map where all is selected: label the numbers'
)
SQL SECURITY DEFINER
COMMENT 'How far the selected journeys came, stage by stage: a journey is whole, whatever of it the filter selects (additivity: derived)'
AS SELECT
    CAST(stage, 'LowCardinality(String)') AS stage,
    CAST(stage_order, 'UInt8') AS stage_order,
    CAST(reached, 'Int64') AS reached,
    CAST(advanced, 'Int64') AS advanced,
    CAST(reached - advanced - still_open, 'Int64') AS dropped,
    CAST(still_open, 'Int64') AS open,
    CAST(went_on, 'Int64') AS numerator,
    CAST(judged, 'Int64') AS denominator,
    CAST(if(judged = 0 OR is_last, NULL, went_on / judged), 'Nullable(Float64)') AS rate,
    CAST(if(judged = 0 OR is_last, NULL, greatest(wilson_centre - wilson_half, 0)), 'Nullable(Float64)') AS ci_low,
    CAST(if(judged = 0 OR is_last, NULL, least(wilson_centre + wilson_half, 1)), 'Nullable(Float64)') AS ci_high,
    CAST(if(judged = 0 OR is_last, NULL, 'wilson'), 'LowCardinality(Nullable(String))') AS ci_method,
    CAST(if((NOT (notEmpty({filter:Map(String, Array(String))}['touchpoint']) OR notEmpty({filter:Map(String, Array(String))}['stage']) OR notEmpty({filter:Map(String, Array(String))}['channel']) OR notEmpty({filter:Map(String, Array(String))}['is_online']) OR notEmpty({filter:Map(String, Array(String))}['is_simulated']) OR notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])) AND intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) = 5), ((
    SELECT count() FROM (
SELECT
    map,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32} AND is_simulated = 1
GROUP BY map
    ) WHERE events != 0
) > 0), max(simulated) OVER ()), 'UInt8') AS is_simulated
FROM 
(
    SELECT
        *,
        (went_on + 1.9207294103470627) / (judged + 3.8414588206941254) AS wilson_centre,
        1.959963984540054 * sqrt(went_on * (judged - went_on) / judged + 0.9603647051735313) / (judged + 3.8414588206941254) AS wilson_half
    FROM 
    (
        SELECT
            *,
            stage_order = max(stage_order) OVER () AS is_last
        FROM 
        (
            SELECT
                stage, stage_order, reached, still_open, simulated, reached - young AS judged,
                leadInFrame(reached) OVER in_order AS advanced, advanced - leadInFrame(young) OVER in_order AS went_on
            FROM
            (
                SELECT *, max(simulated_here) OVER () AS simulated
                FROM
                (
                    SELECT
                        stage_order, sum(counts.reached) AS reached, sum(counts.still_open) AS still_open, sum(counts.young) AS young,
                        max(counts.simulated_here) AS simulated_here
                    FROM
                    (
                        SELECT toUInt8(passing) AS stage_order, toInt64(sum(same)) AS reached,
                            toInt64(sumIf(same_open, passed = passing)) AS still_open, toInt64(sum(same_young)) AS young, max(simulated) AS simulated_here
                        FROM
                        (
                            SELECT passed, count() AS same, countIf(is_open) AS same_open, countIf(is_young) AS same_young, max(is_simulated) AS simulated
                            FROM
                            (
                                SELECT if({mode:String} IN ('any'), highest, depth) AS passed, is_open, is_young, simulated > 0 AS is_simulated
                                FROM
                                (
                                    SELECT *, (ended_us + if(term_us < 0, 0, term_us) >= (1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')}))) + 1000000) AND (who, toUInt32(cycle + 1)) NOT IN (SELECT who, cycle FROM
                                    (
                                        SELECT
                                            sipHash128(person) AS who,
                                            cycle,
                                            sum(sign) AS touchpoints,
                                            sum(sign * is_simulated) AS simulated,
                                            sum(sign * (funnel_depth - funnel_before)) AS depth,
                                            sum(sign * (stage_max - stage_max_before)) AS highest,
                                            sum(sign * is_conversion) AS conversions,
                                            sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
                                            sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
                                            sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
                                            sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
                                            AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND cycle > 1
                                        GROUP BY who, cycle
                                        HAVING touchpoints > 0 AND (term_us < 0 OR ended_us + term_us >= (1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')}))))
                                    )) AS is_open, NOT ((SELECT max(86400000000 * JSONExtractInt(content, 'churn', 'inactivity_days')) FROM journey_raw.maps WHERE map = {map:String} AND version = {map_version:UInt32}) = 0 OR started_us + (SELECT max(86400000000 * JSONExtractInt(content, 'churn', 'inactivity_days')) FROM journey_raw.maps WHERE map = {map:String} AND version = {map_version:UInt32}) <= (1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')})))) AS is_young
                                    FROM
                                    (
                                        SELECT
                                            sipHash128(person) AS who,
                                            cycle,
                                            sum(sign) AS touchpoints,
                                            sum(sign * is_simulated) AS simulated,
                                            sum(sign * (funnel_depth - funnel_before)) AS depth,
                                            sum(sign * (stage_max - stage_max_before)) AS highest,
                                            sum(sign * is_conversion) AS conversions,
                                            sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
                                            sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
                                            sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
                                            sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
                                            AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                        GROUP BY who, cycle
                                        HAVING touchpoints > 0 AND sum(if(intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) BETWEEN 1 AND 4, if(local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)), sign, toInt8(0)), sign)) > 0
                                    )
                                    WHERE (NOT intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) = 0 OR (who, cycle) IN (
                                    SELECT sipHash128(person) AS who, cycle FROM journey_raw.ledger
                                    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 0 AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))
                                    GROUP BY who, cycle
                                    HAVING sum(sign) > 0
                                ))
                                )
                            )
                            GROUP BY passed
                        )
                        ARRAY JOIN range(0, toUInt32(passed) + 1) AS passing
                        GROUP BY stage_order
                        UNION ALL
                        SELECT stage_order, toInt64(0) AS reached, toInt64(0) AS still_open, toInt64(0) AS young, 0 AS simulated_here FROM (SELECT stage, stage_order FROM journey_raw.stages WHERE map = {map:String} AND version = {map_version:UInt32} AND (SELECT throwIf(NOT {mode:String} IN ('in_order', 'any'), 'mode is one of in_order, any')) = 0 LIMIT 1 BY stage)
                    ) AS counts
                    GROUP BY stage_order
                )
            ) AS counted
            INNER JOIN (SELECT stage, stage_order FROM journey_raw.stages WHERE map = {map:String} AND version = {map_version:UInt32} AND (SELECT throwIf(NOT {mode:String} IN ('in_order', 'any'), 'mode is one of in_order, any')) = 0 LIMIT 1 BY stage) AS stages USING (stage_order)
            WINDOW in_order AS (ORDER BY stage_order ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.waits
(
    value LowCardinality(String) COMMENT 'Touchpoint or stage',
    n_followed Int64 COMMENT 'Stays there after which the journey went on (additivity: sum)',
    n_open Int64 COMMENT 'Stays there in which open journeys are now: how long is not known yet',
    open_share Nullable(Float64) COMMENT 'n_open / (n_followed + n_open); NULL without any',
    n_last Int64 COMMENT 'Stays there that ended their journey: nothing followed, so they are no wait',
    p50_seconds Nullable(Float64) COMMENT 'By then 50 % had gone on, counted from the begin of the stay: Kaplan-Meier, open ones for as long as they were seen; NULL where it is not reached',
    p75_seconds Nullable(Float64) COMMENT 'By then 75 % had gone on, counted from the begin of the stay: Kaplan-Meier, open ones for as long as they were seen; NULL where it is not reached',
    p90_seconds Nullable(Float64) COMMENT 'By then 90 % had gone on, counted from the begin of the stay: Kaplan-Meier, open ones for as long as they were seen; NULL where it is not reached',
    is_simulated UInt8 COMMENT '1 in every row when a touchpoint of a selected journey is simulated, or an event of the map where all is selected: label the numbers'
)
SQL SECURITY DEFINER
COMMENT 'How long until the selected journeys went on from a touchpoint, or from a stage to another (additivity: derived)'
AS SELECT
    CAST(value, 'LowCardinality(String)') AS value,
    CAST(n_followed, 'Int64') AS n_followed,
    CAST(n_open, 'Int64') AS n_open,
    CAST(if(n_followed + n_open = 0, NULL, n_open / (n_followed + n_open)), 'Nullable(Float64)') AS open_share,
    CAST(n_last, 'Int64') AS n_last,
    CAST(if(rank_50 = 0, NULL, intDiv(sorted_times[rank_50], 2)) / 1000000, 'Nullable(Float64)') AS p50_seconds,
    CAST(if(rank_75 = 0, NULL, intDiv(sorted_times[rank_75], 2)) / 1000000, 'Nullable(Float64)') AS p75_seconds,
    CAST(if(rank_90 = 0, NULL, intDiv(sorted_times[rank_90], 2)) / 1000000, 'Nullable(Float64)') AS p90_seconds,
    CAST(if((NOT (notEmpty({filter:Map(String, Array(String))}['touchpoint']) OR notEmpty({filter:Map(String, Array(String))}['stage']) OR notEmpty({filter:Map(String, Array(String))}['channel']) OR notEmpty({filter:Map(String, Array(String))}['is_online']) OR notEmpty({filter:Map(String, Array(String))}['is_simulated']) OR notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])) AND intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) = 5), ((
    SELECT count() FROM (
SELECT
    map,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32} AND is_simulated = 1
GROUP BY map
    ) WHERE events != 0
) > 0), max(simulated) OVER ()), 'UInt8') AS is_simulated
FROM 
(
    SELECT
        *,
        arrayFirstIndex(one -> one < log(1 - 0.5) - 1e-09, logs) AS rank_50,
        arrayFirstIndex(one -> one < log(1 - 0.75) - 1e-09, logs) AS rank_75,
        arrayFirstIndex(one -> one < log(1 - 0.9) - 1e-09, logs) AS rank_90
    FROM 
    (
        SELECT
            *,
            arrayCumSum(arrayMap((one, number) -> if(bitTest(one, 0), 0, log1p(-1 / (length(sorted_times) - number + 1))), sorted_times, arrayEnumerate(sorted_times))) AS logs,
            if({by:String} = 'stage', arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(stage))) FROM (
                    SELECT
                        stage,
                        sum(sign) AS events
                    FROM journey_raw.ledger
                    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                    GROUP BY stage
                ))), arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                    SELECT
                        touchpoint,
                        sum(sign) AS events
                    FROM journey_raw.ledger
                    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                    GROUP BY touchpoint
                ))))[node] AS value
        FROM 
        (
            SELECT
                node,
                countIf(fate = 0) AS n_followed, countIf(fate = 1) AS n_open, countIf(fate = 2) AS n_last,
                arraySort(groupArrayIf(2 * toInt64(lasted_us) + fate, fate < 2)) AS sorted_times, max(is_simulated) AS simulated
            FROM
            (
                SELECT cut.1 AS node, cut.2 AS fate, greatest(cut.4 - cut.3, 0) AS lasted_us, simulated AS is_simulated
                FROM
                (
                    SELECT if({by:String} = 'stage', arrayCompact(arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), met)), arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), met)) AS stays, if({by:String} = 'stage', arrayFilter((time, one, before) -> one != before, met_us, arrayMap(event -> bitAnd(event, 4294967295), met), arrayPushFront(arrayPopBack(arrayMap(event -> bitAnd(event, 4294967295), met)), 0)), met_us) AS begins, is_open, simulated > 0 AS simulated
                    FROM
                    (
                        SELECT *, (toUnixTimestamp(due) = 0 OR due > {as_of:DateTime('UTC')}) AND (who, toUInt32(cycle + 1)) NOT IN (SELECT who, cycle FROM
                        (
                            SELECT
                                sipHash128(person) AS who,
                                cycle,
                                sum(sign) AS touchpoints,
                                sum(sign * is_simulated) AS simulated,
                                sum(sign * (funnel_depth - funnel_before)) AS depth,
                                sum(sign * (stage_max - stage_max_before)) AS highest,
                                sum(sign * is_conversion) AS conversions,
                                sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
                                sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
                                sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
                                sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
                                AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND cycle > 1
                            GROUP BY who, cycle
                            HAVING touchpoints > 0 AND (term_us < 0 OR ended_us + term_us >= (1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')}))))
                        )) AS is_open
                        FROM
                        (
                            SELECT
                                sipHash128(person) AS who, cycle, argMax(churn_due_at, touchpoint_number) AS due,
                                arraySort(groupArrayIf(bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), toUInt32(if({by:String} = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
                            SELECT
                                stage,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY stage
                        ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                            SELECT
                                touchpoint,
                                sum(sign) AS events
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                            GROUP BY touchpoint
                        ))), touchpoint)))), {by:String} = 'touchpoint' OR is_mapped = 1)) AS met,
                                arraySort(groupArrayIf(toUnixTimestamp64Micro(event_time), {by:String} = 'touchpoint' OR is_mapped = 1)) AS met_us,
                                sum(sign * is_simulated) AS simulated
                            FROM journey_raw.ledger
                            WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                              AND cycle > 0
                              AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                              AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
                              AND (NOT intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) = 0 OR (sipHash128(person), cycle) IN (
                        SELECT sipHash128(person) AS who, cycle FROM journey_raw.ledger
                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 0 AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))
                        GROUP BY who, cycle
                        HAVING sum(sign) > 0
                    ))
                            GROUP BY who, cycle
                            HAVING sum(if(intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) BETWEEN 1 AND 4, if(local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)), sign, toInt8(0)), sign)) > 0
                        )
                    )
                    WHERE (SELECT throwIf(NOT {by:String} IN ('touchpoint', 'stage'), 'by is one of touchpoint, stage')) = 0
                )
                ARRAY JOIN arrayZip(stays, arrayMap(number -> if(number < length(stays), 0, if(is_open, 1, 2)), arrayEnumerate(stays)), begins, arrayPushBack(arrayPopFront(begins), 1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')})))) AS cut
            )
            GROUP BY node
        )
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.paths
(
    step UInt8 COMMENT 'Number of the edge in the journey: 0 leads from (start) to its first node, k from the k-th to the next',
    from_node LowCardinality(String) COMMENT 'Touchpoint or stage, with a * behind a name that reads like these; (start); (end) or (open) for journeys that are told',
    to_node LowCardinality(String) COMMENT 'Touchpoint or stage; (end) when the journey is over, (open) when it may go on',
    journeys Int64 COMMENT 'Journeys that pass the edge (additivity: sum within a step)',
    share Float64 COMMENT 'Of all selected journeys: the shares of a step add up to 1',
    is_simulated UInt8 COMMENT '1 in every row when a touchpoint of a selected journey is simulated, or an event of the map where all is selected: label the numbers'
)
SQL SECURITY DEFINER
COMMENT 'How the selected journeys went on, step by step; each step holds every one of them (additivity: sum within a step)'
AS SELECT
    CAST(step, 'UInt8') AS step,
    CAST(shown_from, 'LowCardinality(String)') AS from_node,
    CAST(shown_to, 'LowCardinality(String)') AS to_node,
    CAST(journeys, 'Int64') AS journeys,
    CAST(share, 'Float64') AS share,
    CAST(if((NOT (notEmpty({filter:Map(String, Array(String))}['touchpoint']) OR notEmpty({filter:Map(String, Array(String))}['stage']) OR notEmpty({filter:Map(String, Array(String))}['channel']) OR notEmpty({filter:Map(String, Array(String))}['is_online']) OR notEmpty({filter:Map(String, Array(String))}['is_simulated']) OR notEmpty({filter:Map(String, Array(String))}['brand']) OR notEmpty({filter:Map(String, Array(String))}['place']) OR notEmpty({filter:Map(String, Array(String))}['persona']) OR notEmpty({filter:Map(String, Array(String))}['segment'])) AND intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) = 5), ((
    SELECT count() FROM (
SELECT
    map,
    sum(sign) AS events
FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    AND map = {map:String} AND map_version = {map_version:UInt32} AND is_simulated = 1
GROUP BY map
    ) WHERE events != 0
) > 0), max(simulated) OVER ()), 'UInt8') AS is_simulated
FROM 
(
    SELECT
        *,
        journeys / sum(journeys) OVER (PARTITION BY step) AS share
    FROM 
    (
        SELECT step, if(from_node_rank > {top:UInt8} AND from_node NOT IN ('(start)', '(end)', '(open)'), '(other)', from_node) AS shown_from, if(to_node_rank > {top:UInt8} AND to_node NOT IN ('(start)', '(end)', '(open)'), '(other)', to_node) AS shown_to, sum(passing) AS journeys,
            max(simulated_here) AS simulated
        FROM
        (
            SELECT
                *,
                dense_rank() OVER (PARTITION BY step ORDER BY from_node IN ('(start)', '(end)', '(open)'), from_node_total DESC, from_node) AS from_node_rank,
                dense_rank() OVER (PARTITION BY step ORDER BY to_node IN ('(start)', '(end)', '(open)'), to_node_total DESC, to_node) AS to_node_rank,
                simulated AS simulated_here
            FROM 
            (
                SELECT
                    *,
                    sum(passing) OVER (PARTITION BY step, from_node) AS from_node_total,
                    sum(passing) OVER (PARTITION BY step, to_node) AS to_node_total
                FROM 
                (
                    SELECT
                        *,
                        if({by:String} = 'stage', arrayConcat(['(start)', '(end)', '(open)'], arrayMap(name -> if(match(name, '^[(](start|end|open|other)[)][*]*$'), concat(name, '*'), name), (SELECT arraySort(groupArray(toString(stage))) FROM (
                                SELECT
                                    stage,
                                    sum(sign) AS events
                                FROM journey_raw.ledger
                                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                GROUP BY stage
                            )))), arrayConcat(['(start)', '(end)', '(open)'], arrayMap(name -> if(match(name, '^[(](start|end|open|other)[)][*]*$'), concat(name, '*'), name), (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                                SELECT
                                    touchpoint,
                                    sum(sign) AS events
                                FROM journey_raw.ledger
                                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                GROUP BY touchpoint
                            )))))[left] AS from_node,
                        if({by:String} = 'stage', arrayConcat(['(start)', '(end)', '(open)'], arrayMap(name -> if(match(name, '^[(](start|end|open|other)[)][*]*$'), concat(name, '*'), name), (SELECT arraySort(groupArray(toString(stage))) FROM (
                                SELECT
                                    stage,
                                    sum(sign) AS events
                                FROM journey_raw.ledger
                                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                GROUP BY stage
                            )))), arrayConcat(['(start)', '(end)', '(open)'], arrayMap(name -> if(match(name, '^[(](start|end|open|other)[)][*]*$'), concat(name, '*'), name), (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                                SELECT
                                    touchpoint,
                                    sum(sign) AS events
                                FROM journey_raw.ledger
                                WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                GROUP BY touchpoint
                            )))))[entered] AS to_node
                    FROM 
                    (
                        SELECT edge.1 AS step, edge.2 AS left, edge.3 AS entered, toInt64(sum(same)) AS passing, max(is_simulated) AS simulated
                        FROM
                        (
                            SELECT arrayResize(stays, {steps:UInt8}, toUInt32(if(is_open, 3, 2))) AS way, count() AS same, max(simulated) AS is_simulated
                            FROM
                            (
                                SELECT if({by:String} = 'stage', arrayCompact(arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), met)), arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), met)) AS stays, if({by:String} = 'stage', arrayFilter((time, one, before) -> one != before, met_us, arrayMap(event -> bitAnd(event, 4294967295), met), arrayPushFront(arrayPopBack(arrayMap(event -> bitAnd(event, 4294967295), met)), 0)), met_us) AS begins, is_open, simulated > 0 AS simulated
                                FROM
                                (
                                    SELECT *, (toUnixTimestamp(due) = 0 OR due > {as_of:DateTime('UTC')}) AND (who, toUInt32(cycle + 1)) NOT IN (SELECT who, cycle FROM
                                    (
                                        SELECT
                                            sipHash128(person) AS who,
                                            cycle,
                                            sum(sign) AS touchpoints,
                                            sum(sign * is_simulated) AS simulated,
                                            sum(sign * (funnel_depth - funnel_before)) AS depth,
                                            sum(sign * (stage_max - stage_max_before)) AS highest,
                                            sum(sign * is_conversion) AS conversions,
                                            sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
                                            sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
                                            sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
                                            sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
                                            AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND cycle > 1
                                        GROUP BY who, cycle
                                        HAVING touchpoints > 0 AND (term_us < 0 OR ended_us + term_us >= (1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')}))))
                                    )) AS is_open
                                    FROM
                                    (
                                        SELECT
                                            sipHash128(person) AS who, cycle, argMax(churn_due_at, touchpoint_number) AS due,
                                            arraySort(groupArrayIf(bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), toUInt32(if({by:String} = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
                                        SELECT
                                            stage,
                                            sum(sign) AS events
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                        GROUP BY stage
                                    ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
                                        SELECT
                                            touchpoint,
                                            sum(sign) AS events
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                        GROUP BY touchpoint
                                    ))), touchpoint)))), {by:String} = 'touchpoint' OR is_mapped = 1)) AS met,
                                            arraySort(groupArrayIf(toUnixTimestamp64Micro(event_time), {by:String} = 'touchpoint' OR is_mapped = 1)) AS met_us,
                                            sum(sign * is_simulated) AS simulated
                                        FROM journey_raw.ledger
                                        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
                                          AND cycle > 0
                                          AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
                                          AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
                                          AND (NOT intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) = 0 OR (sipHash128(person), cycle) IN (
                                    SELECT sipHash128(person) AS who, cycle FROM journey_raw.ledger
                                    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 0 AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))
                                    GROUP BY who, cycle
                                    HAVING sum(sign) > 0
                                ))
                                        GROUP BY who, cycle
                                        HAVING sum(if(intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) BETWEEN 1 AND 4, if(local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)), sign, toInt8(0)), sign)) > 0
                                    )
                                )
                                WHERE (SELECT throwIf(NOT {by:String} IN ('touchpoint', 'stage'), 'by is one of touchpoint, stage')) = 0
                            )
                            GROUP BY way
                        )
                        ARRAY JOIN arrayZip(range(toUInt8({steps:UInt8})), arrayPopBack(arrayPushFront(way, toUInt32(1))), way) AS edge
                        GROUP BY step, left, entered
                    )
                )
            )
        )
        GROUP BY step, shown_from, shown_to
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.journeys
(
    person String COMMENT 'Person key',
    cycle UInt32 COMMENT 'Journey cycle of the person, from 1',
    started_at DateTime64(6, 'UTC') COMMENT 'First touchpoint of the cycle (UTC)',
    last_at DateTime64(6, 'UTC') COMMENT 'Last touchpoint of the cycle so far (UTC)',
    converted_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Conversion of the cycle (UTC); NULL when there is none',
    stage_max UInt8 COMMENT 'Highest stage reached, in any order',
    depth UInt8 COMMENT 'Stages passed in order, from the first on',
    touchpoints UInt64 COMMENT 'Number of touchpoints (additivity: sum)',
    state LowCardinality(String) COMMENT 'open; converted: over, with a conversion; closed: over without. A conversion alone does not end a journey',
    is_window_over UInt8 COMMENT '1 when the map''s churn term has passed since it began: rates count it; without a term always',
    is_simulated UInt8 COMMENT '1 when a touchpoint of it is simulated',
    path Array(LowCardinality(String)) COMMENT 'Its touchpoints in order',
    stage_path Array(LowCardinality(String)) COMMENT 'Its stages in order, one after another the same once; unmapped touchpoints have none'
)
SQL SECURITY DEFINER
COMMENT 'One row per selected journey, told whole; at as_of it is open, or over'
AS SELECT
    CAST(person_key, 'String') AS person,
    CAST(cycle, 'UInt32') AS cycle,
    CAST(fromUnixTimestamp64Micro(started_us, 'UTC'), 'DateTime64(6, ''UTC'')') AS started_at,
    CAST(fromUnixTimestamp64Micro(ended_us, 'UTC'), 'DateTime64(6, ''UTC'')') AS last_at,
    CAST(if(conversions > 0, fromUnixTimestamp64Micro(converted_us, 'UTC'), NULL), 'Nullable(DateTime64(6, ''UTC''))') AS converted_at,
    CAST(highest, 'UInt8') AS stage_max,
    CAST(depth, 'UInt8') AS depth,
    CAST(touchpoints, 'UInt64') AS touchpoints,
    CAST(multiIf(is_open, 'open', conversions > 0, 'converted', 'closed'), 'LowCardinality(String)') AS state,
    CAST(((SELECT max(86400000000 * JSONExtractInt(content, 'churn', 'inactivity_days')) FROM journey_raw.maps WHERE map = {map:String} AND version = {map_version:UInt32}) = 0 OR started_us + (SELECT max(86400000000 * JSONExtractInt(content, 'churn', 'inactivity_days')) FROM journey_raw.maps WHERE map = {map:String} AND version = {map_version:UInt32}) <= (1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')})))), 'UInt8') AS is_window_over,
    CAST(simulated > 0, 'UInt8') AS is_simulated,
    CAST(arrayMap(node -> if('touchpoint' = 'stage', arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(stage))) FROM (
        SELECT
            stage,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        GROUP BY stage
    ))), arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
        SELECT
            touchpoint,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        GROUP BY touchpoint
    ))))[node], if('touchpoint' = 'stage', arrayCompact(arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), touchpoint_met)), arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), touchpoint_met))), 'Array(LowCardinality(String))') AS path,
    CAST(arrayMap(node -> if('stage' = 'stage', arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(stage))) FROM (
        SELECT
            stage,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        GROUP BY stage
    ))), arrayConcat(['(start)', '(end)', '(open)'], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
        SELECT
            touchpoint,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        GROUP BY touchpoint
    ))))[node], if('stage' = 'stage', arrayCompact(arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), stage_met)), arrayMap(event -> toUInt32(bitAnd(event, 4294967295)), stage_met))), 'Array(LowCardinality(String))') AS stage_path
FROM 
(
    SELECT *, (toUnixTimestamp(due) = 0 OR due > {as_of:DateTime('UTC')}) AND (who, toUInt32(cycle + 1)) NOT IN (SELECT who, cycle FROM
    (
        SELECT
            sipHash128(person) AS who,
            cycle,
            sum(sign) AS touchpoints,
            sum(sign * is_simulated) AS simulated,
            sum(sign * (funnel_depth - funnel_before)) AS depth,
            sum(sign * (stage_max - stage_max_before)) AS highest,
            sum(sign * is_conversion) AS conversions,
            sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
            sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
            sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
            sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
            AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND cycle > 1
        GROUP BY who, cycle
        HAVING touchpoints > 0 AND (term_us < 0 OR ended_us + term_us >= (1000000 * toInt64(toUnixTimestamp({as_of:DateTime('UTC')}))))
    )) AS is_open
    FROM
    (
        SELECT
            sipHash128(person) AS who, cycle, argMax(churn_due_at, touchpoint_number) AS due,
            sum(sign) AS touchpoints,
            sum(sign * is_simulated) AS simulated,
            sum(sign * (funnel_depth - funnel_before)) AS depth,
            sum(sign * (stage_max - stage_max_before)) AS highest,
            sum(sign * is_conversion) AS conversions,
            sum(sign * (transition = 'enter') * toUnixTimestamp64Micro(event_time)) AS started_us,
            sum(sign * if(transition = 'enter', toUnixTimestamp64Micro(event_time), wait_us)) AS ended_us,
            sum(sign * is_conversion * toUnixTimestamp64Micro(event_time)) AS converted_us,
            sum(sign * ((transition = 'enter') * if(churn_due_at = 0, toInt64(1152921504606846976), 1000000 * (toInt64(churn_due_at) - toInt64(toDateTime(event_time, 'UTC')))) - toInt64(2305843009213693952) * (toInt64(churn_due_at) = toInt64(toDateTime(event_time, 'UTC'))))) AS term_us,
            any(person) AS person_key,
            arraySort(groupArrayIf(bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), toUInt32(if('touchpoint' = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
        SELECT
            stage,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        GROUP BY stage
    ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
        SELECT
            touchpoint,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        GROUP BY touchpoint
    ))), touchpoint)))), 'touchpoint' = 'touchpoint' OR is_mapped = 1)) AS touchpoint_met,
            arraySort(groupArrayIf(bitOr(bitShiftLeft(toUInt64(touchpoint_number), 32), toUInt32(if('stage' = 'stage', indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(stage))) FROM (
        SELECT
            stage,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        GROUP BY stage
    ))), stage), indexOf(arrayConcat(['', '', ''], (SELECT arraySort(groupArray(toString(touchpoint))) FROM (
        SELECT
            touchpoint,
            sum(sign) AS events
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        GROUP BY touchpoint
    ))), touchpoint)))), 'stage' = 'touchpoint' OR is_mapped = 1)) AS stage_met
        FROM journey_raw.ledger
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
          AND cycle > 0
          AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0
          AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
          AND (NOT intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) = 0 OR (sipHash128(person), cycle) IN (
    SELECT sipHash128(person) AS who, cycle FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 0 AND map = {map:String} AND map_version = {map_version:UInt32} AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0 AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment))
    GROUP BY who, cycle
    HAVING sum(sign) > 0
))
        GROUP BY who, cycle
        HAVING sum(if(intDiv(5 * ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32} AND local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)) AND (SELECT throwIf(notEmpty(arrayFilter(key -> key NOT IN ('touchpoint', 'stage', 'channel', 'is_online', 'is_simulated', 'brand', 'place', 'persona', 'segment'), mapKeys({filter:Map(String, Array(String))}))), 'unknown key of filter: touchpoint, stage, channel, is_online, is_simulated, brand, place, persona, segment are known')) = 0), 0), greatest(ifNull((SELECT sum(sign) FROM journey_raw.ledger WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND map = {map:String} AND map_version = {map_version:UInt32}), 0), 1)) BETWEEN 1 AND 4, if(local_date BETWEEN {date_from:Date} AND {date_to:Date} AND (empty({filter:Map(String, Array(String))}['touchpoint']) OR has({filter:Map(String, Array(String))}['touchpoint'], touchpoint)) AND (empty({filter:Map(String, Array(String))}['stage']) OR has({filter:Map(String, Array(String))}['stage'], stage)) AND (empty({filter:Map(String, Array(String))}['channel']) OR has({filter:Map(String, Array(String))}['channel'], channel)) AND (empty({filter:Map(String, Array(String))}['is_online']) OR has({filter:Map(String, Array(String))}['is_online'], toString(is_online))) AND (empty({filter:Map(String, Array(String))}['is_simulated']) OR has({filter:Map(String, Array(String))}['is_simulated'], toString(is_simulated))) AND (empty({filter:Map(String, Array(String))}['brand']) OR has({filter:Map(String, Array(String))}['brand'], brand)) AND (empty({filter:Map(String, Array(String))}['place']) OR has({filter:Map(String, Array(String))}['place'], place)) AND (empty({filter:Map(String, Array(String))}['persona']) OR has({filter:Map(String, Array(String))}['persona'], persona)) AND (empty({filter:Map(String, Array(String))}['segment']) OR has({filter:Map(String, Array(String))}['segment'], segment)), sign, toInt8(0)), sign)) > 0
    )
)
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey_api.journey_events
(
    event_time DateTime64(6, 'UTC') COMMENT 'When it happened (UTC), clock skew corrected',
    local_date Date COMMENT 'Day in the zone of the place, else of the company',
    kind LowCardinality(String) COMMENT 'touchpoint or answer',
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    event_id String COMMENT 'Id of the event within its source',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    action LowCardinality(Nullable(String)) COMMENT 'What the person did there; NULL when not said',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    transition LowCardinality(Nullable(String)) COMMENT 'enter, advance, skip, return or stay; NULL when no journey moves',
    wait_seconds Nullable(Float64) COMMENT 'Time since the same person''s touchpoint before; NULL for the first',
    is_conversion UInt8 COMMENT '1 when the event converts its journey cycle',
    rule LowCardinality(Nullable(String)) COMMENT 'Rule of the map that decided the stage; NULL when none did',
    evidence LowCardinality(Nullable(String)) COMMENT 'What the rule saw; NULL when none decided',
    persona LowCardinality(Nullable(String)) COMMENT 'Persona as of the event; NULL when unknown',
    segment LowCardinality(Nullable(String)) COMMENT 'Segment as of the event; NULL when unknown',
    place LowCardinality(Nullable(String)) COMMENT 'Place (dim_place.id); NULL when unknown or nowhere',
    amount Nullable(Decimal(18, 4)) COMMENT 'Paid amount, tax included, in units of the currency; negative for a refund',
    currency LowCardinality(Nullable(String)) COMMENT 'ISO 4217 currency: never sum across currencies; NULL without amount',
    kpi LowCardinality(Nullable(String)) COMMENT 'KPI that the question feeds (dim_kpi.id); NULL for other questions',
    variant LowCardinality(Nullable(String)) COMMENT 'Formula variant (dim_kpi.variant); NULL when the catalogue has none for KPI and scale',
    scope LowCardinality(Nullable(String)) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them',
    score Nullable(Float64) COMMENT 'Score; NULL when none was given',
    disposition LowCardinality(Nullable(String)) COMMENT 'What became of the question: complete, partial, shown, dismissed, ...',
    is_simulated UInt8 COMMENT '1 for simulated events: label them wherever they are shown'
)
SQL SECURITY DEFINER
COMMENT 'What a person did and answered in one journey: one row per event, with the rule that placed it'
AS SELECT
    CAST(event_time, 'DateTime64(6, ''UTC'')') AS event_time,
    CAST(local_date, 'Date') AS local_date,
    CAST(if(is_answer, 'answer', 'touchpoint'), 'LowCardinality(String)') AS kind,
    CAST(source, 'LowCardinality(String)') AS source,
    CAST(event_id, 'String') AS event_id,
    CAST(touchpoint, 'LowCardinality(String)') AS touchpoint,
    CAST(nullIf(action, ''), 'LowCardinality(Nullable(String))') AS action,
    CAST(nullIf(channel, ''), 'LowCardinality(Nullable(String))') AS channel,
    CAST(is_online, 'UInt8') AS is_online,
    CAST(nullIf(stage, ''), 'LowCardinality(Nullable(String))') AS stage,
    CAST(nullIf(stage_order, 0), 'Nullable(UInt8)') AS stage_order,
    CAST(nullIf(transition, ''), 'LowCardinality(Nullable(String))') AS transition,
    CAST(if(touchpoint_number > 1, wait_us / 1000000, NULL), 'Nullable(Float64)') AS wait_seconds,
    CAST(is_conversion, 'UInt8') AS is_conversion,
    CAST(nullIf(rule, ''), 'LowCardinality(Nullable(String))') AS rule,
    CAST(nullIf(evidence, ''), 'LowCardinality(Nullable(String))') AS evidence,
    CAST(nullIf(persona, ''), 'LowCardinality(Nullable(String))') AS persona,
    CAST(nullIf(segment, ''), 'LowCardinality(Nullable(String))') AS segment,
    CAST(nullIf(place, ''), 'LowCardinality(Nullable(String))') AS place,
    CAST(if(currency != '', accurateCastOrNull(toDecimal128(amount_minor, 4) / toDecimal128(intExp10(currency_exponent), 0), 'Decimal(18, 4)'), NULL), 'Nullable(Decimal(18, 4))') AS amount,
    CAST(nullIf(currency, ''), 'LowCardinality(Nullable(String))') AS currency,
    CAST(nullIf(kpi, ''), 'LowCardinality(Nullable(String))') AS kpi,
    CAST(if(is_answer, nullIf(kpi_variant, ''), NULL), 'LowCardinality(Nullable(String))') AS variant,
    CAST(nullIf(scope, ''), 'LowCardinality(Nullable(String))') AS scope,
    CAST(if(has_score = 1, score, NULL), 'Nullable(Float64)') AS score,
    CAST(nullIf(disposition, ''), 'LowCardinality(Nullable(String))') AS disposition,
    CAST(is_simulated, 'UInt8') AS is_simulated
FROM 
(
    SELECT *,
    event_type = 'touchline.answer.v1' AS is_answer, multiIf(
    variant != '', toString(variant),
    kpi = 'nps' AND scale_min = 0 AND scale_max = 10, 'standard',
    kpi = 'csat' AND scale_min = 1 AND scale_max = 5, 'top_2_box',
    kpi = 'csat' AND scale_min = 1 AND scale_max = 7, 'top_2_box_of_7',
    kpi = 'ces' AND scale_min = 1 AND scale_max = 7, 'mean',
    kpi = 'ces' AND scale_min = 1 AND scale_max = 5, 'effort_mean',
    kpi = 'emotion' AND scale_min = 1 AND scale_max = 7, 'net',
    '') AS kpi_variant FROM journey_raw.ledger
    WHERE kind = 'attached' AND map = {map:String} AND map_version = {map_version:UInt32} AND person != '' AND person = {person:String} AND cycle = {cycle:UInt32}
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
)
WHERE event_type IN ('touchline.touchpoint.v1', 'touchline.answer.v1')
SETTINGS join_use_nulls = 0;

CREATE OR REPLACE VIEW journey.touchpoint_glance
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    date_from Date COMMENT 'First local day: the last 28 days of the map, compared with the 28 before',
    date_to Date COMMENT 'Last local day: that of the newest event that the map places',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    stage_order Nullable(UInt8) COMMENT 'Place of the stage in the map, from 1; NULL when unmapped',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of most of its events; NULL when unknown',
    is_online UInt8 COMMENT '1 when the touchpoint or its channel is online',
    events Int64 COMMENT 'Touchpoint events at that stage, simulated ones included, the same in the row of each KPI: never sum',
    events_simulated Int64 COMMENT 'Of those the simulated ones',
    persons Int64 COMMENT 'Distinct persons at the touchpoint, whatever the stage, the same in the row of each KPI: never sum',
    journeys Int64 COMMENT 'Distinct journeys through the touchpoint, whatever the stage, the same in the row of each KPI: never sum',
    drop_off Nullable(Float64) COMMENT 'numerator / denominator; NULL while no window is over',
    drop_off_low Nullable(Float64) COMMENT 'Lower bound of the 95 % Wilson interval of drop_off',
    drop_off_high Nullable(Float64) COMMENT 'Upper bound of the 95 % Wilson interval of drop_off',
    currency LowCardinality(Nullable(String)) COMMENT 'ISO 4217 currency of the revenue; NULL without revenue, or when it is in several',
    revenue Nullable(Decimal(18, 4)) COMMENT 'Paid amounts less refunds at the touchpoint, the same in the row of each KPI: never sum; NULL when in several currencies',
    is_simulated UInt8 COMMENT '1 when the KPI is of simulated answers: label it wherever it is shown',
    kpi LowCardinality(Nullable(String)) COMMENT 'KPI (dim_kpi.id); NULL where nothing was answered',
    variant LowCardinality(Nullable(String)) COMMENT 'Formula variant (dim_kpi.variant); NULL where nothing was answered',
    scope LowCardinality(Nullable(String)) COMMENT 'relational (all experiences) or transactional (this touchpoint): never pool them; NULL where nothing was answered',
    unit LowCardinality(Nullable(String)) COMMENT 'Unit of the value: points, percent or score; NULL where nothing was answered',
    scale_low Nullable(Float64) COMMENT 'Lowest value that the KPI can have',
    scale_high Nullable(Float64) COMMENT 'Highest value that the KPI can have',
    n Nullable(Int64) COMMENT 'Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum); NULL when suppressed',
    n_positive Nullable(Int64) COMMENT 'Answers of the good class: promoters, satisfied, ... (additivity: sum); NULL when suppressed',
    n_neutral Nullable(Int64) COMMENT 'Answers of neither class (additivity: sum); NULL when suppressed',
    n_negative Nullable(Int64) COMMENT 'Answers of the bad class: detractors, dissatisfied, ... (additivity: sum); NULL when suppressed',
    value Nullable(Float64) COMMENT 'The KPI, in the unit of dim_kpi (additivity: derived); NULL when suppressed',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the 95 % confidence interval, in the unit of the value; NULL when suppressed',
    ci_method LowCardinality(Nullable(String)) COMMENT 'How the interval was computed: adjusted_wald, wilson or student_t; NULL without interval',
    is_small_n Nullable(UInt8) COMMENT '1 below the KPI''s minimum of answers (small_n of the catalogue): read with care',
    n_before Nullable(Int64) COMMENT 'Answers of the period before; NULL when suppressed',
    value_before Nullable(Float64) COMMENT 'The KPI of the period before; NULL without answers and when suppressed',
    change Nullable(Float64) COMMENT 'Value less value before; NULL unless both are shown',
    change_low Nullable(Float64) COMMENT 'Lower bound of the 95 % interval of the change',
    change_high Nullable(Float64) COMMENT 'Upper bound of the 95 % interval of the change',
    trend LowCardinality(Nullable(String)) COMMENT 'up or down where the interval of the change leaves zero out (of twenty KPIs that did not change one seems to), no proof of change, no answers to compare; NULL when suppressed',
    target Nullable(Float64) COMMENT 'What the map holds the KPI against; NULL when it says nothing, or several things',
    target_verdict LowCardinality(Nullable(String)) COMMENT 'met or missed where the interval leaves no doubt, else not proved; NULL without',
    question Nullable(String) COMMENT 'Wording of the question in the map; NULL when the map does not ask it'
)
SQL SECURITY DEFINER
COMMENT 'Every touchpoint of the default map at a glance, one row a touchpoint, stage and KPI: its last 28 days against the 28 before (additivity: derived)'
AS SELECT
    assumeNotNull((SELECT argMax(map, chosen_at) FROM journey_raw.default_map)) AS map,
    assumeNotNull((SELECT argMax(version, chosen_at) FROM journey_raw.default_map)) AS map_version,
    assumeNotNull(addDays((SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), -27)) AS date_from,
    assumeNotNull((SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map))) AS date_to,
    touchpoint,
    nullIf(at_stage, '') AS stage,
    nullIf(at_order, 0) AS stage_order,
    main_channel AS channel,
    online AS is_online,
    events_here AS events,
    simulated AS events_simulated,
    people AS persons,
    through AS journeys,
    lost AS drop_off,
    lost_low AS drop_off_low,
    lost_high AS drop_off_high,
    nullIf(paid_in, '') AS currency,
    if(paid_in = '', NULL, paid) AS revenue,
    is_simulated,
    nullIf(kpi, '') AS kpi,
    nullIf(variant, '') AS variant,
    nullIf(scope, '') AS scope,
    nullIf(unit, '') AS unit,
    if(kpi = '', NULL, scale_low) AS scale_low,
    if(kpi = '', NULL, scale_high) AS scale_high,
    n,
    n_positive,
    n_neutral,
    n_negative,
    value,
    ci_low,
    ci_high,
    ci_method,
    is_small_n,
    n_before,
    value_before,
    change,
    change_low,
    change_high,
    trend,
    target,
    target_verdict,
    question
FROM 
(
    SELECT touchpoint, ifNull(stage, '') AS at_stage, ifNull(stage_order, 0) AS at_order, is_simulated, kpi, variant, scope, unit, scale_low, scale_high, n, n_positive, n_neutral, n_negative, value, ci_low, ci_high, ci_method, is_small_n, n_before, value_before, change, change_low, change_high, trend, target, target_verdict, question
    FROM journey_api.survey_by_touchpoint(map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map), map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map), date_from = addDays((SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), -27), date_to = (SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), filter = map(), before_from = addDays((SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), -55), before_to = addDays((SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), -28))
) AS answered
FULL JOIN
(
    SELECT
        touchpoint, ifNull(stage, '') AS at_stage, ifNull(stage_order, 0) AS at_order, sum(events) AS events_here, sumIf(events, is_simulated = 1) AS simulated,
        argMax(channel, events) AS main_channel, max(is_online) AS online
    FROM journey_api.volume_by_touchpoint(map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map), map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map), date_from = addDays((SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), -27), date_to = (SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), filter = map())
    GROUP BY touchpoint, at_stage, at_order
) AS volumes USING (touchpoint, at_stage, at_order)
LEFT JOIN
(
    SELECT
        assumeNotNull(found.touchpoint) AS touchpoint,
        persons AS people, journeys AS through, drop_off AS lost, ci_low AS lost_low, ci_high AS lost_high
    FROM journey_api.persons_by_touchpoint(map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map), map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map), date_from = addDays((SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), -27), date_to = (SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), filter = map(), as_of = toDateTime(addDays((SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), 1), 'UTC')) AS found
    WHERE isNotNull(found.touchpoint)
) AS met USING (touchpoint)
LEFT JOIN
(
    SELECT touchpoint, if(count() = 1, any(currency), '') AS paid_in, sum(amount) AS paid
    FROM journey_api.revenue_by_touchpoint(map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map), map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map), date_from = addDays((SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), -27), date_to = (SELECT max(last_day) FROM journey.map_days WHERE map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map)), filter = map())
    GROUP BY touchpoint
) AS sold USING (touchpoint)
SETTINGS join_use_nulls = 0;
