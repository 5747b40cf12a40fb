"""The journey map: the stages, the touchpoints, and the rules that attach every event to a stage. YAML, one file per
map.

A file is read by `load_map` (all its problems at once, with lines), compiled by `compile_map`, and run by
`processors.attach`. A (map, version) never changes its content: `JourneyMap.content_hash()` is stored with the data,
other content needs another version. docs/journey-maps.md shows how to write one."""

from __future__ import annotations

from touchline.schemas.journey.compile import CompiledMap, compile_map
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.problems import MapInvalid, Problem
from touchline.schemas.journey.read import find_map, load_map, map_names, parse_map

__all__ = [
    "CompiledMap",
    "JourneyMap",
    "MapInvalid",
    "Problem",
    "compile_map",
    "find_map",
    "load_map",
    "map_names",
    "parse_map",
]
