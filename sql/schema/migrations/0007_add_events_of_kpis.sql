-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.
-- Views that are new or differ from those before.

ALTER DATABASE journey_api MODIFY COMMENT 'Views apart from those that BI tools list: the events behind every KPI, parameterized views';

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
