DROP TABLE IF EXISTS journey_raw.view_files SYNC;
DROP TABLE IF EXISTS journey_raw.settlements SYNC;
DROP TABLE IF EXISTS journey_raw.sources SYNC;
DROP TABLE IF EXISTS journey_raw.places SYNC;
DROP TABLE IF EXISTS journey_raw.touchpoints SYNC;
DROP TABLE IF EXISTS journey_raw.stages SYNC;
DROP TABLE IF EXISTS journey_raw.default_map SYNC;
DROP TABLE IF EXISTS journey_raw.maps SYNC;
