"""Where the events of real persons stand in a journey: their stage by the map, as the worker would decide it.

The same fold as the worker's (`touchline.journey.attach`), run over whole persons, so that who is asked does not depend on what has
arrived in ClickHouse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from touchline.journey.attach import attach
from touchline.journey.compile import CompiledMap
from touchline.journey.values import JourneyEvent
from touchline.schemas.identifiers import order_of
from touchline.schemas.journey.conditions import EventCondition
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.walk import parts_of
from touchline.schemas.times import parse_time

_NOTHING: Mapping[str, str] = {}
Who = tuple[str, str]
"""Type and value of an identifier, or type and person key."""


class Met(NamedTuple):
    """A touchpoint event as far as a survey needs it. `identifiers` or `persons` is what the event had, `who` the strongest of them."""

    who: Who | None
    time_us: int
    source: str
    id: str
    touchpoint: str
    action: str
    place: str | None
    zone: str | None
    identifiers: tuple[Who, ...]
    persons: tuple[Who, ...]
    wait_seconds: int | None
    segment: str
    persona: str
    properties: Mapping[str, str]


class Placed(NamedTuple):
    """An event in its stage ("" = unmapped)."""

    met: Met
    stage: str
    is_conversion: bool


def met(event: Mapping[str, Any], kept: frozenset[str] = frozenset(), naive_zone: str | None = None) -> Met:
    """What is kept of one touchpoint event that passed the contract: of its properties those that the map looks at. `naive_zone`: of
    its source."""
    identifiers = tuple(map(_pair, event.get("identifiers") or ()))
    persons = tuple((one["type"], one["key"]) for one in event.get("persons") or ())
    known = sorted((*persons, *identifiers), key=lambda one: order_of(one[0]))
    properties = event.get("properties") or {}
    wait = properties.get("wait_seconds")
    return Met(
        known[0] if known else None,
        parse_time(event["time"], naive_zone),
        event["source"],
        event["id"],
        event["touchpoint"],
        event.get("action") or "",
        event.get("place"),
        event.get("zone") or naive_zone,
        identifiers,
        persons,
        wait if isinstance(wait, int) else None,
        event.get("segment") or "",
        event.get("persona") or "",
        {name: _text(value) for name, value in properties.items() if name in kept} if kept else _NOTHING,
    )


def watched_properties(journey_map: JourneyMap) -> frozenset[str]:
    """Names of the properties that any condition of the map looks at."""
    conditions = (part for _, part in parts_of(journey_map) if isinstance(part, EventCondition))
    return frozenset(name for condition in conditions for name in condition.content)


def place(events: Iterable[Met], journey_map: CompiledMap) -> Iterator[Placed]:
    """All events of persons, each in its stage, person by person in the order in which they first come. Events of nobody are left out:
    nobody can be asked; so are those of sources that the map does not name."""
    persons: dict[Who, dict[tuple[str, str], Met]] = defaultdict(dict)
    for one in events:
        if one.who is not None and (journey_map.sources is None or one.source in journey_map.sources):
            persons[one.who].setdefault((one.source, one.id), one)
    for own in persons.values():
        in_order = sorted(own.values(), key=lambda one: (one.time_us, one.source, one.id))
        attached, _ = attach([_journey_event(one) for one in in_order], journey_map)
        for one, row in zip(in_order, attached, strict=True):
            yield Placed(one, row.stage, row.is_conversion)


def _journey_event(one: Met) -> JourneyEvent:
    return JourneyEvent(
        one.time_us,
        one.source,
        one.id,
        one.touchpoint,
        one.action,
        "",
        0,  # the local day decides first-of bits, which nobody asks for here
        one.persona,
        one.segment,
        one.properties,
        True,
    )


def _pair(identifier: Any) -> Who:
    if isinstance(identifier, Mapping):
        return identifier["type"], identifier["value"]
    return identifier[0], identifier[1]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
