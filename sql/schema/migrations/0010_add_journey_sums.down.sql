-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.

ALTER TABLE journey_raw.ledger
    DROP INDEX IF EXISTS of_person,
    DROP PROJECTION IF EXISTS journey_sums;
