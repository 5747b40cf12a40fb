ALTER TABLE journey_raw.ledger
    DROP PROJECTION IF EXISTS account,
    DROP PROJECTION IF EXISTS retracted,
    DROP PROJECTION IF EXISTS by_event,
    DROP PROJECTION IF EXISTS by_identifier;
