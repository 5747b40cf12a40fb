"""What goes into `attach` (JourneyEvent), what comes out (Attachment), and what is carried to the next call (Tail)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

PERSON, PERSON_TOUCHPOINT, PERSON_STAGE, PERSON_CHANNEL = 1, 2, 4, 8
JOURNEY, JOURNEY_TOUCHPOINT, JOURNEY_STAGE, JOURNEY_CHANNEL = 16, 32, 64, 128
"""Bits of `first_of`. Summed over rows, a bit counts the distinct persons (journeys) of a local day, per map,
touchpoint, stage or channel: exact, and retractable row by row."""


class JourneyEvent(NamedTuple):
    """One event as `attach` sees it. The caller sorts by time_us; source and event_id decide nothing.

    `channel`, `persona`, `segment`: "" if the event does not say. `local_day`: days since 1970-01-01 in the event's
    zone. `moves`: False for answers, which are placed but move nothing; their `touchpoint` is the one they are about.
    `span_us`: up to how many microseconds after time_us it may have happened; 0 where the time is exact.
    """

    time_us: int
    source: str
    event_id: str
    touchpoint: str
    action: str
    channel: str
    local_day: int
    persona: str
    segment: str
    properties: Mapping[str, str]
    moves: bool
    span_us: int = 0


class Attachment(NamedTuple):
    """Where an event belongs in one map. Depends on what came before it only.

    stage, rule: "" when no rule holds (`is_mapped` False, `stage_order` 0). cycle: number of the journey, from 1; 0 =
    outside any journey (no person, or no mapped event since the beginning or the last loss). transition: enter,
    advance, skip, return, stay; "" when unmapped or not moving. touchpoint_number: of the person in this map, from 1;
    0 = no person or not moving. wait_us: since the person's last touchpoint; 0 for the first. first_of: bits, above.
    stage_max_before -> stage_max: the journey's highest stage; funnel_before -> funnel_depth: how many of stages 1,
    2, … it has passed in order. churn_due_at_s: when the journey counts as lost if nothing else comes, Unix seconds;
    0 = never."""

    stage: str
    stage_order: int
    is_mapped: bool
    channel: str
    is_online: bool
    cycle: int
    transition: str
    touchpoint_number: int
    wait_us: int
    is_conversion: bool
    rule: str
    evidence: str
    persona: str
    segment: str
    first_of: int
    stage_max_before: int
    stage_max: int
    funnel_before: int
    funnel_depth: int
    churn_due_at_s: int


FirstKeys = Mapping[str, int]
"""What a person met on one local day: key (letter of its kind, name) -> the newest cycle in which it was met."""

Day = tuple[int, FirstKeys]
NO_DAY = -(10**6)
NO_KEYS: FirstKeys = {}


class Tail(NamedTuple):
    """All that `attach` remembers of a person in one version of one map. A value: never changed in place.

    Bounded: numbers, short names, and the first-of keys of the last local days (those that a later event can still
    fall into). `stage` is 0 while no journey is open; `stages_seen` and `touchpoints_seen` are bit sets of the open
    journey (the latter only of touchpoints that history conditions name); `stages_now` is the bit set of the stages
    met at `touched_us` itself."""

    touched_us: int = 0
    touchpoint_number: int = 0
    cycle: int = 0
    stage: int = 0
    stage_max: int = 0
    funnel_depth: int = 0
    stages_now: int = 0
    has_converted: bool = False
    conversions: int = 0
    churn_due_at_s: int = 0
    persona: str = ""
    segment: str = ""
    stages_seen: int = 0
    touchpoints_seen: int = 0
    last_touchpoint: int = 0
    today: int = NO_DAY
    first_keys: FirstKeys = NO_KEYS
    days_before: tuple[Day, ...] = ()


NO_TAIL = Tail()
FIELDS = len(NO_TAIL)


def dump_tail(tail: Tail) -> list[Any]:
    """The tail as a list of JSON values (json, orjson and msgpack all take it)."""
    return list(tail)


def load_tail(dumped: Sequence[Any]) -> Tail:
    """The tail that `dump_tail` gave. Raises TypeError if the list has another number of fields (written by another
    release: the caller drops its cache)."""
    if len(dumped) != FIELDS:
        raise TypeError(f"a dumped tail has {FIELDS} fields, this one has {len(dumped)}")
    *fields, days_before = dumped
    return tuple.__new__(Tail, (*fields, tuple(map(tuple, days_before))))
