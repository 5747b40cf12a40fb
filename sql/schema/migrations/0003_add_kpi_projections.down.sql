-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.

ALTER TABLE journey_raw.ledger
    DROP PROJECTION IF EXISTS unmapped,
    DROP PROJECTION IF EXISTS wait_1d,
    DROP PROJECTION IF EXISTS revenue_1d,
    DROP PROJECTION IF EXISTS funnel_1d,
    DROP PROJECTION IF EXISTS survey_1d,
    DROP PROJECTION IF EXISTS survey_1h,
    DROP PROJECTION IF EXISTS persons_1d,
    DROP PROJECTION IF EXISTS volume_1d,
    DROP PROJECTION IF EXISTS volume_1h;
