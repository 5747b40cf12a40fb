"""The journey map: the stages, the touchpoints, and the rules that attach every event to a stage. YAML, one file per map.

A file is read by `read.load_map` (all its problems at once, with lines), compiled by `touchline.journey.compile`, and run by
`touchline.journey.attach`. A (map, version) never changes its content: `JourneyMap.content_hash()` is stored with the data, other content
needs another version. docs/journey-maps.md shows how to write one."""
