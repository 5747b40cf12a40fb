-- Generated from sql/kpis.yaml by python -m touchline.sql.generate; change that, not this.
-- Views that are new or differ from those before.

CREATE OR REPLACE VIEW journey.dim_map
(
    id LowCardinality(String) COMMENT 'Id of the map (column map elsewhere)',
    name String COMMENT 'Title of the map',
    map_version UInt32 COMMENT 'Version of the map',
    is_default UInt8 COMMENT '1 for the map by which touchpoints, answers and orders are shown',
    stages UInt8 COMMENT 'Number of stages',
    description Nullable(String) COMMENT 'What the map is for; NULL when not said',
    content_hash String COMMENT 'Hash of the map''s content: it never changes under one version',
    registered_at DateTime64(6, 'UTC') COMMENT 'When it, or a change of its annotations, was registered (UTC)',
    content String COMMENT 'The whole map as JSON, with all that people wrote down about it, annotations as registered last'
)
SQL SECURITY DEFINER
COMMENT 'Journey maps, one row per map and version'
AS SELECT
    map AS id,
    title AS name,
    version AS map_version,
    map = (SELECT argMax(map, chosen_at) FROM journey_raw.default_map) AND version = (SELECT argMax(version, chosen_at) FROM journey_raw.default_map) AS is_default,
    stages,
    nullIf(description, '') AS description,
    content_hash,
    registered_at,
    content
FROM 
(
    SELECT * FROM journey_raw.maps ORDER BY registered_at DESC LIMIT 1 BY map, version
);
