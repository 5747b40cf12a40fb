-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.
-- Sums by journey, and where a person's rows are. The parts that are there get them in the background; until then rows are read one
-- by one, which costs time and changes no number.

ALTER TABLE journey_raw.ledger
    -- Journeys, each as sums of what its rows add: the person stands as 128 bits of SipHash, a key of 16 bytes instead of 64 and more
    ADD PROJECTION IF NOT EXISTS journey_sums
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
        WHERE kind = 'attached' AND event_type = 'touchline.touchpoint.v1' AND cycle > 0
        GROUP BY map, map_version, who, cycle
    ),
    -- Which granules may hold rows of a person, whatever identifiers it has: the events of a journey are found without a scan.
    ADD INDEX IF NOT EXISTS of_person person TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE journey_raw.ledger
    MATERIALIZE PROJECTION journey_sums,
    MATERIALIZE INDEX of_person;
