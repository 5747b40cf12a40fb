-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.

ALTER DATABASE journey_api MODIFY COMMENT 'Parameterized views, apart since some BI tools cannot list them';

DROP VIEW IF EXISTS journey_api.unmapped_events;

DROP VIEW IF EXISTS journey_api.funnel_stage_any_events;

DROP VIEW IF EXISTS journey_api.funnel_stage_events;

DROP VIEW IF EXISTS journey_api.kpi_wait_1d_events;

DROP VIEW IF EXISTS journey_api.kpi_revenue_1d_events;

DROP VIEW IF EXISTS journey_api.kpi_survey_1d_events;

DROP VIEW IF EXISTS journey_api.kpi_survey_1h_events;

DROP VIEW IF EXISTS journey_api.kpi_persons_channel_1d_events;

DROP VIEW IF EXISTS journey_api.kpi_persons_stage_1d_events;

DROP VIEW IF EXISTS journey_api.kpi_persons_touchpoint_1d_events;

DROP VIEW IF EXISTS journey_api.kpi_volume_1d_events;

DROP VIEW IF EXISTS journey_api.kpi_volume_1h_events;

DROP VIEW IF EXISTS journey.funnel_stage_any;

CREATE OR REPLACE VIEW journey.funnel_stage
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
COMMENT 'Journeys that reached each stage or a later one, and of those the share that reached the next (additivity: derived)'
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
            map, map_version, stage, stage_order, reached,
            leadInFrame(reached) OVER (
                PARTITION BY map, map_version ORDER BY stage_order ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS following,
            max(stage_order) OVER (PARTITION BY map, map_version) AS last_order
        FROM
        (
            SELECT map, version AS map_version, stage, stage_order FROM journey_raw.stages LIMIT 1 BY map, version, stage
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
    ('stage_rate', 'Stage conversion', NULL, NULL, 'ratio', 'derived', 'journeys that reached the next stage or a later one / journeys that reached this stage or a later one', NULL, NULL, 'wilson', 'share of a cumulative count; interval by Wilson 1927'),
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
