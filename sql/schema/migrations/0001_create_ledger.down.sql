-- Drops everything that was stored: for tests only.
DROP TABLE IF EXISTS journey_raw.ledger SYNC;
DROP TABLE IF EXISTS journey_raw.fence SYNC;
DROP DATABASE IF EXISTS journey_api;
DROP DATABASE IF EXISTS journey;
