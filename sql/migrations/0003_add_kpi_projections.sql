-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.
-- KPI sums, kept by ClickHouse in every part.

-- Events by UTC hour
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS volume_1h
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
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order
);

-- Events by local day
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS volume_1d
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
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order
);

-- Distinct persons and journeys of a local day, as sums of first-of bits: each sum serves one grain
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS persons_1d
(
    SELECT
        local_date AS bucket,
        map,
        map_version,
        touchpoint,
        stage,
        channel,
        sum(sign * bitAnd(first_of, 1) / 1) AS persons_map,
        sum(sign * bitAnd(first_of, 2) / 2) AS persons_touchpoint,
        sum(sign * bitAnd(first_of, 4) / 4) AS persons_stage,
        sum(sign * bitAnd(first_of, 8) / 8) AS persons_channel,
        sum(sign * bitAnd(first_of, 16) / 16) AS journeys_map,
        sum(sign * bitAnd(first_of, 32) / 32) AS journeys_touchpoint,
        sum(sign * bitAnd(first_of, 64) / 64) AS journeys_stage,
        sum(sign * bitAnd(first_of, 128) / 128) AS journeys_channel
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, map, map_version, touchpoint, stage, channel
);

-- Answers by the UTC hour of what they are about
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS survey_1h
(
    WITH
        multiIf(
        variant != '', variant,
        kpi = 'nps' AND scale_min = 0 AND scale_max = 10, 'standard',
        kpi = 'csat' AND scale_min = 1 AND scale_max = 5, 'top_2_box',
        kpi = 'csat' AND scale_min = 1 AND scale_max = 7, 'top_2_box_of_7',
        kpi = 'ces' AND scale_min = 1 AND scale_max = 7, 'mean',
        kpi = 'ces' AND scale_min = 1 AND scale_max = 5, 'effort_mean',
        kpi = 'emotion' AND scale_min = 1 AND scale_max = 7, 'net',
        '') AS kpi_variant,
        has_score = 1 AND disposition IN ('complete', 'partial')
        AND (kpi, kpi_variant, scale_min, scale_max) IN (
        ('nps', 'standard', 0, 10),
        ('csat', 'top_2_box', 1, 5),
        ('csat', 'top_2_box_of_7', 1, 7),
        ('ces', 'mean', 1, 7),
        ('ces', 'top_3_box', 1, 7),
        ('ces', 'net', 1, 7),
        ('ces', 'effort_mean', 1, 5),
        ('emotion', 'net', 1, 7)) AS is_counted,
        multiIf(
        (kpi, kpi_variant) IN (('nps', 'standard')), score >= 9,
        (kpi, kpi_variant) IN (('csat', 'top_2_box')), score >= 4,
        (kpi, kpi_variant) IN (('csat', 'top_2_box_of_7'), ('ces', 'net'), ('emotion', 'net')), score >= 6,
        (kpi, kpi_variant) IN (('ces', 'mean'), ('ces', 'top_3_box')), score >= 5,
        (kpi, kpi_variant) IN (('ces', 'effort_mean')), score <= 2,
        0) AS is_positive,
        multiIf(
        (kpi, kpi_variant) IN (('nps', 'standard')), score <= 6,
        (kpi, kpi_variant) IN (('csat', 'top_2_box')), score <= 2,
        (kpi, kpi_variant) IN (('csat', 'top_2_box_of_7'), ('ces', 'mean'), ('ces', 'top_3_box'), ('ces', 'net'), ('emotion', 'net')), score <= 3,
        (kpi, kpi_variant) IN (('ces', 'effort_mean')), score >= 4,
        0) AS is_negative,
        toInt64(round(score * 1000)) AS units
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
        kpi_variant,
        scope,
        sum(sign * is_counted) AS n,
        sum(sign * (is_counted AND is_positive)) AS n_positive,
        sum(sign * (is_counted AND is_negative)) AS n_negative,
        sum(sign * is_counted * units) AS score_units,
        sum(sign * is_counted * units * units) AS score_unit_squares
    WHERE kind = 'attached' AND event_type = 'touchline.answer.v1'
    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, kpi_variant, scope
);

-- Answers by the local day of what they are about
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS survey_1d
(
    WITH
        multiIf(
        variant != '', variant,
        kpi = 'nps' AND scale_min = 0 AND scale_max = 10, 'standard',
        kpi = 'csat' AND scale_min = 1 AND scale_max = 5, 'top_2_box',
        kpi = 'csat' AND scale_min = 1 AND scale_max = 7, 'top_2_box_of_7',
        kpi = 'ces' AND scale_min = 1 AND scale_max = 7, 'mean',
        kpi = 'ces' AND scale_min = 1 AND scale_max = 5, 'effort_mean',
        kpi = 'emotion' AND scale_min = 1 AND scale_max = 7, 'net',
        '') AS kpi_variant,
        has_score = 1 AND disposition IN ('complete', 'partial')
        AND (kpi, kpi_variant, scale_min, scale_max) IN (
        ('nps', 'standard', 0, 10),
        ('csat', 'top_2_box', 1, 5),
        ('csat', 'top_2_box_of_7', 1, 7),
        ('ces', 'mean', 1, 7),
        ('ces', 'top_3_box', 1, 7),
        ('ces', 'net', 1, 7),
        ('ces', 'effort_mean', 1, 5),
        ('emotion', 'net', 1, 7)) AS is_counted,
        multiIf(
        (kpi, kpi_variant) IN (('nps', 'standard')), score >= 9,
        (kpi, kpi_variant) IN (('csat', 'top_2_box')), score >= 4,
        (kpi, kpi_variant) IN (('csat', 'top_2_box_of_7'), ('ces', 'net'), ('emotion', 'net')), score >= 6,
        (kpi, kpi_variant) IN (('ces', 'mean'), ('ces', 'top_3_box')), score >= 5,
        (kpi, kpi_variant) IN (('ces', 'effort_mean')), score <= 2,
        0) AS is_positive,
        multiIf(
        (kpi, kpi_variant) IN (('nps', 'standard')), score <= 6,
        (kpi, kpi_variant) IN (('csat', 'top_2_box')), score <= 2,
        (kpi, kpi_variant) IN (('csat', 'top_2_box_of_7'), ('ces', 'mean'), ('ces', 'top_3_box'), ('ces', 'net'), ('emotion', 'net')), score <= 3,
        (kpi, kpi_variant) IN (('ces', 'effort_mean')), score >= 4,
        0) AS is_negative,
        toInt64(round(score * 1000)) AS units
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
        kpi_variant,
        scope,
        sum(sign * is_counted) AS n,
        sum(sign * (is_counted AND is_positive)) AS n_positive,
        sum(sign * (is_counted AND is_negative)) AS n_negative,
        sum(sign * is_counted * units) AS score_units,
        sum(sign * is_counted * units * units) AS score_unit_squares
    WHERE kind = 'attached' AND event_type = 'touchline.answer.v1'
    GROUP BY bucket, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order, kpi, kpi_variant, scope
);

-- Journeys by the stages that a row adds: reached (highest stage before and after) and passed in order
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS funnel_1d
(
    SELECT
        local_date AS bucket,
        map,
        map_version,
        stage_max_before,
        stage_max,
        funnel_before,
        funnel_depth,
        sum(sign) AS events
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
    GROUP BY bucket, map, map_version, stage_max_before, stage_max, funnel_before, funnel_depth
);

-- Amounts by local day and currency
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS revenue_1d
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
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND currency != ''
    GROUP BY bucket, currency, currency_exponent, order_kind, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order
);

-- Waits by classes of powers of two seconds
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS wait_1d
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
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND touchpoint_number > 1
    GROUP BY bucket, map, map_version, stage, touchpoint, channel, class
);

-- Events that a map does not know
ALTER TABLE journey_raw.ledger ADD PROJECTION IF NOT EXISTS unmapped
(
    SELECT
        map,
        map_version,
        source,
        touchpoint,
        action,
        sum(sign) AS events
    WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND is_mapped = 0
    GROUP BY map, map_version, source, touchpoint, action
);
