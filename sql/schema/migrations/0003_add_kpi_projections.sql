-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.
-- KPI sums, kept by ClickHouse in every part.

ALTER TABLE journey_raw.ledger
    -- Events by UTC hour
    ADD PROJECTION IF NOT EXISTS volume_1h
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
    ),
    -- Events by local day
    ADD PROJECTION IF NOT EXISTS volume_1d
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
    ),
    -- Distinct persons and journeys of a local day, as sums of first-of bits: each sum serves one grain
    ADD PROJECTION IF NOT EXISTS persons_1d
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
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1'
        GROUP BY bucket, map, map_version, touchpoint, stage, channel
    ),
    -- Scores by the UTC hour of what they are about
    ADD PROJECTION IF NOT EXISTS survey_1h
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
        WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
        GROUP BY bucket, touchpoint, channel, is_online, is_simulated, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score
    ),
    -- Scores by the local day of what they are about
    ADD PROJECTION IF NOT EXISTS survey_1d
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
        WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND has_score = 1
        GROUP BY bucket, touchpoint, channel, is_online, is_simulated, brand, place, persona, segment, map, map_version, stage, stage_order, kpi, variant, scope, scale_min, scale_max, disposition, score
    ),
    -- Journeys by the stages that a row adds: reached (highest stage before and after) and passed in order
    ADD PROJECTION IF NOT EXISTS funnel_1d
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
    ),
    -- Amounts by local day and currency
    ADD PROJECTION IF NOT EXISTS revenue_1d
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
    ),
    -- Waits by classes of powers of two seconds
    ADD PROJECTION IF NOT EXISTS wait_1d
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
    ),
    -- Events that a map does not know
    ADD PROJECTION IF NOT EXISTS unmapped
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
