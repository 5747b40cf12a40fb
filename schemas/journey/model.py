"""The whole map as one value: what it holds, and the hash of its content."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import Field

from touchline.schemas.journey.conditions import Id, MapElement, Names
from touchline.schemas.journey.facts import Text
from touchline.schemas.journey.parts import (
    Annotation,
    Churn,
    Cycle,
    Goal,
    KpiQuestion,
    Persona,
    Rule,
    Segment,
    Stage,
    Touchpoint,
)

MAX_STAGES = 200  # stage_order is a UInt8 column


class JourneyMap(MapElement):
    """The whole map. References between its parts are checked by `load_map`, which knows the lines of the file.

    `sources` (or `except_sources`: all but these) and `brands` name the map's own business: events of others are not on
    it at all. None: of any."""

    map: Id
    version: Annotated[int, Field(ge=1, le=2**32 - 1)]
    title: Text
    description: str = ""
    language: str = "en"
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=MAX_STAGES)]
    touchpoints: Annotated[tuple[Touchpoint, ...], Field(min_length=1)]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    goals: Annotated[tuple[Goal, ...], Field(min_length=1)]
    cycle: Cycle
    churn: Churn | None = None
    personas: tuple[Persona, ...] = ()
    segments: tuple[Segment, ...] = ()
    kpis: tuple[KpiQuestion, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    sources: Names | None = None
    except_sources: Names | None = None
    brands: Names | None = None

    def content_hash(self) -> str:
        """128 bits of BLAKE2b, as hex, over the content without annotations. Comments, order of keys and defaults
        written out do not count, nor do fields that a later release adds with a default."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"annotations"}, exclude_defaults=True)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()

    def stage_order(self, stage: str) -> int:
        """From 1; 0 for a stage that the map does not have."""
        return next((order for order, known in enumerate(self.stages, start=1) if known.id == stage), 0)
