ALTER TABLE journey_raw.ledger DROP PROJECTION IF EXISTS account;
ALTER TABLE journey_raw.ledger DROP PROJECTION IF EXISTS marks;
ALTER TABLE journey_raw.ledger DROP PROJECTION IF EXISTS retracted;
ALTER TABLE journey_raw.ledger DROP PROJECTION IF EXISTS by_event;
ALTER TABLE journey_raw.ledger DROP PROJECTION IF EXISTS by_identifier;
