-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.

DROP VIEW IF EXISTS journey.touchpoint_glance;

DROP VIEW IF EXISTS journey_api.journey_events;

DROP VIEW IF EXISTS journey_api.journeys;

DROP VIEW IF EXISTS journey_api.paths;

DROP VIEW IF EXISTS journey_api.waits;

DROP VIEW IF EXISTS journey_api.funnel;

DROP VIEW IF EXISTS journey_api.persons_by_touchpoint;

DROP VIEW IF EXISTS journey_api.dimension_values;

DROP VIEW IF EXISTS journey_api.revenue_by_touchpoint;

DROP VIEW IF EXISTS journey_api.volume_over_time;

DROP VIEW IF EXISTS journey_api.volume_by_touchpoint;

DROP VIEW IF EXISTS journey_api.impact;

DROP VIEW IF EXISTS journey_api.survey_split;

DROP VIEW IF EXISTS journey_api.survey_over_time;

DROP VIEW IF EXISTS journey_api.survey_total;

DROP VIEW IF EXISTS journey_api.survey_by_stage;

DROP VIEW IF EXISTS journey_api.survey_by_touchpoint;

DROP VIEW IF EXISTS journey.freshness;

DROP VIEW IF EXISTS journey.map_days;

DROP VIEW IF EXISTS journey.path_edges;

DROP VIEW IF EXISTS journey.kpi_dwell;

DROP VIEW IF EXISTS journey.kpi_persons_1mo;

DROP VIEW IF EXISTS journey.kpi_persons_1w;

DROP VIEW IF EXISTS journey.kpi_persons_1d;

DROP VIEW IF EXISTS journey.kpi_survey_rolling_28d;

DROP VIEW IF EXISTS journey.kpi_survey_rolling_7d;

DROP VIEW IF EXISTS journey.kpi_survey_1mo;

DROP VIEW IF EXISTS journey.kpi_survey_1w;

DROP VIEW IF EXISTS journey.annotations;

DROP VIEW IF EXISTS journey.measures;

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
);

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
);

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
);

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
);

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
    touchpoints UInt64 COMMENT 'Number of touchpoints (additivity: sum)'
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
    touchpoints
FROM 
(
    SELECT
        person, map, map_version, cycle, min(event_time) AS started_at, max(event_time) AS last_at,
        minOrNullIf(event_time, is_conversion = 1) AS converted_at, max(stage_order) AS highest, count() AS touchpoints
    FROM journey_raw.ledger
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND person != '' AND cycle > 0
      AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1)
    GROUP BY person, map, map_version, cycle
);

CREATE OR REPLACE VIEW journey.unmapped
(
    source LowCardinality(String) COMMENT 'System that sent the event (dim_source.id)',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    action LowCardinality(Nullable(String)) COMMENT 'What the person did there; NULL when not said',
    events Int64 COMMENT 'Number of events (additivity: sum)'
)
SQL SECURITY DEFINER
COMMENT 'Touchpoint events to which the default map gives no stage (additivity: sum)'
AS SELECT
    source,
    touchpoint,
    nullIf(action, '') AS action,
    events
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
)
WHERE events != 0 AND map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND map_version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map);

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
WHERE events != 0;

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
WHERE events != 0;

CREATE OR REPLACE VIEW journey.kpi_persons_touchpoint_1d
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    touchpoint LowCardinality(String) COMMENT 'Touchpoint, as events name it',
    persons Int64 COMMENT 'Distinct persons of the day in this grain (additivity: distinct, do not add up)',
    journeys Int64 COMMENT 'Distinct journey cycles of the day in this grain (additivity: distinct, do not add up)'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys by local day and touchpoint (additivity: distinct; other periods: count persons in touchpoints)'
AS SELECT
    bucket,
    map,
    map_version,
    touchpoint,
    persons_touchpoint AS persons,
    journeys_touchpoint AS journeys
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
)
WHERE persons_touchpoint != 0 OR journeys_touchpoint != 0;

CREATE OR REPLACE VIEW journey.kpi_persons_stage_1d
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(Nullable(String)) COMMENT 'Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped',
    persons Int64 COMMENT 'Distinct persons of the day in this grain (additivity: distinct, do not add up)',
    journeys Int64 COMMENT 'Distinct journey cycles of the day in this grain (additivity: distinct, do not add up)'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys by local day and stage (additivity: distinct; other periods: count persons in touchpoints)'
AS SELECT
    bucket,
    map,
    map_version,
    nullIf(stage, '') AS stage,
    persons_stage AS persons,
    journeys_stage AS journeys
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
)
WHERE persons_stage != 0 OR journeys_stage != 0;

CREATE OR REPLACE VIEW journey.kpi_persons_channel_1d
(
    bucket Date COMMENT 'Local day',
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    channel LowCardinality(Nullable(String)) COMMENT 'Channel of the event, else of the touchpoint; NULL when unknown',
    persons Int64 COMMENT 'Distinct persons of the day in this grain (additivity: distinct, do not add up)',
    journeys Int64 COMMENT 'Distinct journey cycles of the day in this grain (additivity: distinct, do not add up)'
)
SQL SECURITY DEFINER
COMMENT 'Distinct persons and journeys by local day and channel (additivity: distinct; other periods: count persons in touchpoints)'
AS SELECT
    bucket,
    map,
    map_version,
    nullIf(channel, '') AS channel,
    persons_channel AS persons,
    journeys_channel AS journeys
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
)
WHERE persons_channel != 0 OR journeys_channel != 0;

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
                        INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64',
                            ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100),
                            ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100),
                            ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100),
                            ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100),
                            ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100),
                            ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100),
                            ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7),
                            ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7),
                            ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100),
                            ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100),
                            ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5),
                            ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5),
                            ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100),
                            ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100)) AS formulas
                        USING (kpi, variant, scale_min, scale_max)
                        WHERE disposition IN ('complete', 'partial')
                    )
                    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope
                    HAVING n > 0
                )
            )
        )
    )
);

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
                        INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64',
                            ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100),
                            ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100),
                            ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100),
                            ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100),
                            ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100),
                            ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100),
                            ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7),
                            ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7),
                            ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100),
                            ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100),
                            ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5),
                            ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5),
                            ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100),
                            ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100)) AS formulas
                        USING (kpi, variant, scale_min, scale_max)
                        WHERE disposition IN ('complete', 'partial')
                    )
                    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order, kpi, kpi_variant, scope
                    HAVING n > 0
                )
            )
        )
    )
);

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
WHERE orders != 0 OR amount_minor != 0;

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
    events Int64 COMMENT 'Number of events (additivity: sum)'
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
    events
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
)
WHERE events != 0;

CREATE OR REPLACE VIEW journey.funnel_stage
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(String) COMMENT 'Stage (dim_stage.id)',
    stage_order UInt8 COMMENT 'Place of the stage in the map, from 1',
    reached Int64 COMMENT 'Journeys that passed the stages from the first to this stage in order',
    reached_next Nullable(Int64) COMMENT 'Journeys that passed the stages from the first to the next stage in order; NULL for the last',
    rate Nullable(Float64) COMMENT 'reached_next / reached; NULL for the last stage and where nobody came',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the rate''s 95 % Wilson interval',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the rate''s 95 % Wilson interval'
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
    ci_high
FROM 
(
    SELECT
        map, map_version, stage, stage_order, reached,
        if(stage_order = last_order, NULL, following) AS reached_next,
        if(reached = 0, NULL, reached_next / reached) AS rate,
        (reached_next + 1.9207294103470627) / (reached + 3.8414588206941254) AS wilson_centre, 1.959963984540054 * sqrt(reached_next * (reached - reached_next) / reached + 0.9603647051735313) / (reached + 3.8414588206941254) AS wilson_half,
        if(reached = 0, NULL, greatest(wilson_centre - wilson_half, 0)) AS ci_low,
        if(reached = 0, NULL, least(wilson_centre + wilson_half, 1)) AS ci_high
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
);

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
);

CREATE OR REPLACE VIEW journey.dim_map
(
    id LowCardinality(String) COMMENT 'Id of the map (column map elsewhere)',
    name String COMMENT 'Title of the map',
    map_version UInt32 COMMENT 'Version of the map',
    is_default UInt8 COMMENT '1 for the map by which touchpoints, answers and orders are shown',
    stages UInt8 COMMENT 'Number of stages',
    description Nullable(String) COMMENT 'What the map is for; NULL when not said',
    content_hash String COMMENT 'Hash of the map''s content: it never changes under one version',
    registered_at DateTime64(6, 'UTC') COMMENT 'When it was registered (UTC)'
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
    registered_at
FROM 
(
    SELECT * FROM journey_raw.maps ORDER BY registered_at LIMIT 1 BY map, version
);

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
);

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
);

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
);

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
);

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
    ci_method,
    source
FROM values('id String, name String, variant Nullable(String), is_default Nullable(UInt8), unit String, additivity String, formula String, scale_min Nullable(Int16), scale_max Nullable(Int16), ci_method Nullable(String), source String',
    ('events', 'Touchpoint events', NULL, NULL, 'events', 'sum', 'number of touchpoint events that stand', NULL, NULL, NULL, 'definition'),
    ('persons', 'Persons', NULL, NULL, 'persons', 'distinct', 'number of persons with at least one touchpoint in the local day, for the one grain of the view; over other periods count persons in touchpoints', NULL, NULL, NULL, 'definition'),
    ('journeys', 'Journeys', NULL, NULL, 'journeys', 'distinct', 'number of journey cycles with at least one touchpoint in the local day, for the one grain of the view', NULL, NULL, NULL, 'definition'),
    ('revenue', 'Revenue', NULL, NULL, 'currency', 'sum', 'paid amounts, tax included, less refunds; per currency, never summed across currencies', NULL, NULL, NULL, 'definition'),
    ('stage_rate', 'Stage conversion', NULL, NULL, 'ratio', 'derived', 'journeys that passed the stages from the first to the next in order / journeys that passed those from the first to this one; other events may lie between, events of one instant are in any order', NULL, NULL, 'wilson', 'windowFunnel of ClickHouse in its default mode, per journey cycle; interval by Wilson 1927'),
    ('stage_rate_any', 'Stage conversion in any order', NULL, NULL, 'ratio', 'derived', 'journeys that reached the next stage or a later one / journeys that reached this stage or a later one', NULL, NULL, 'wilson', 'share of a cumulative count; interval by Wilson 1927'),
    ('wait', 'Wait since the touchpoint before', NULL, NULL, 'seconds', 'histogram', 'number of touchpoints by time since the same person''s touchpoint before, in classes of powers of two', NULL, NULL, NULL, 'definition'),
    ('unmapped', 'Unmapped events', NULL, NULL, 'events', 'sum', 'number of touchpoint events that no rule and no touchpoint of the default map gives a stage', NULL, NULL, NULL, 'definition'),
    ('nps', 'Net Promoter Score', 'standard', 1, 'points', 'derived', '100 (promoters - detractors) / n; promoters 9-10, passives 7-8, detractors 0-6', 0, 10, 'adjusted_wald', 'Reichheld 2003; interval by Rocks, The American Statistician 2016 (n + 3, promoters + 3/4, detractors + 3/4)'),
    ('csat', 'Customer satisfaction', 'top_2_box', 1, 'percent', 'derived', '100 (answers 4-5) / n; the mean is not CSAT', 1, 5, 'wilson', 'top-2-box of 1-5; interval by Wilson 1927'),
    ('csat', 'Customer satisfaction', 'top_2_box_of_7', 1, 'percent', 'derived', '100 (answers 6-7) / n; never pooled with the scale of 1-5', 1, 7, 'wilson', 'top-2-box of 1-7; interval by Wilson 1927'),
    ('ces', 'Customer effort score 2.0', 'mean', 1, 'score', 'derived', 'sum of scores / n', 1, 7, 'student_t', 'mean of 1-7, as published by Nicereply; interval by Student''s t'),
    ('ces', 'Customer effort score 2.0', 'top_3_box', 0, 'percent', 'derived', '100 (answers 5-7) / n', 1, 7, 'wilson', 'share of 5-7, as published by Zonka; interval by Wilson 1927'),
    ('ces', 'Customer effort score 2.0', 'net', 0, 'points', 'derived', '100 (answers 6-7 - answers 1-3) / n', 1, 7, 'adjusted_wald', 'index of CYS; interval as for NPS'),
    ('ces', 'Customer effort score 2.0', 'effort_mean', 1, 'score', 'derived', 'sum of scores / n; the forerunner, where a low score is good', 1, 5, 'student_t', 'CES 1, Dixon, Freeman and Toman 2010; interval by Student''s t'),
    ('emotion', 'Emotion rating', 'net', 1, 'points', 'derived', '100 (answers 6-7 - answers 1-3) / n; Temkin publishes it from n = 100 on', 1, 7, 'adjusted_wald', 'Temkin Experience Ratings; interval as for NPS'));

CREATE OR REPLACE VIEW journey.funnel_stage_any
(
    map LowCardinality(String) COMMENT 'Journey map (dim_map.id)',
    map_version UInt32 COMMENT 'Version of the journey map: never mix versions in one number',
    stage LowCardinality(String) COMMENT 'Stage (dim_stage.id)',
    stage_order UInt8 COMMENT 'Place of the stage in the map, from 1',
    reached Int64 COMMENT 'Journeys that reached this stage or a later one',
    reached_next Nullable(Int64) COMMENT 'Journeys that reached the next stage or a later one; NULL for the last',
    rate Nullable(Float64) COMMENT 'reached_next / reached; NULL for the last stage and where nobody came',
    ci_low Nullable(Float64) COMMENT 'Lower bound of the rate''s 95 % Wilson interval',
    ci_high Nullable(Float64) COMMENT 'Upper bound of the rate''s 95 % Wilson interval'
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
    ci_high
FROM 
(
    SELECT
        map, map_version, stage, stage_order, reached,
        if(stage_order = last_order, NULL, following) AS reached_next,
        if(reached = 0, NULL, reached_next / reached) AS rate,
        (reached_next + 1.9207294103470627) / (reached + 3.8414588206941254) AS wilson_centre, 1.959963984540054 * sqrt(reached_next * (reached - reached_next) / reached + 0.9603647051735313) / (reached + 3.8414588206941254) AS wilson_half,
        if(reached = 0, NULL, greatest(wilson_centre - wilson_half, 0)) AS ci_low,
        if(reached = 0, NULL, least(wilson_centre + wilson_half, 1)) AS ci_high
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
);

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
);

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
);

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
);

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
);

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
);

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
    INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64',
        ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100),
        ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100),
        ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100),
        ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100),
        ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100),
        ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100),
        ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7),
        ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7),
        ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100),
        ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100),
        ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5),
        ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5),
        ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100),
        ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100)) AS formulas
    USING (kpi, variant, scale_min, scale_max)
);

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
    INNER JOIN values('kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, bad_from Int16, bad_to Int16, lowest Float64, highest Float64',
        ('nps', 'standard', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100),
        ('nps', '', 0, 10, 'standard', 'net', 9, 10, 0, 6, -100, 100),
        ('csat', 'top_2_box', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100),
        ('csat', '', 1, 5, 'top_2_box', 'share', 4, 5, 1, 2, 0, 100),
        ('csat', 'top_2_box_of_7', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100),
        ('csat', '', 1, 7, 'top_2_box_of_7', 'share', 6, 7, 1, 3, 0, 100),
        ('ces', 'mean', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7),
        ('ces', '', 1, 7, 'mean', 'mean', 5, 7, 1, 3, 1, 7),
        ('ces', 'top_3_box', 1, 7, 'top_3_box', 'share', 5, 7, 1, 3, 0, 100),
        ('ces', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100),
        ('ces', 'effort_mean', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5),
        ('ces', '', 1, 5, 'effort_mean', 'mean', 1, 2, 4, 5, 1, 5),
        ('emotion', 'net', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100),
        ('emotion', '', 1, 7, 'net', 'net', 6, 7, 1, 3, -100, 100)) AS formulas
    USING (kpi, variant, scale_min, scale_max)
);

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
);

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
);

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
);

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
);

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
