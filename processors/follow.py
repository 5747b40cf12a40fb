"""Attach one person's events under every journey map: from a tail (fast path) or from the beginning (slow path)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from touchline.processors.attach import NO_TAIL, CompiledMap, JourneyEvent, attach, attach_alone
from touchline.processors.diff import AttachedRow
from touchline.processors.records import SHARED_WIDTH, Fact
from touchline.processors.resolve import Placed
from touchline.processors.state.tails import PersonTail
from touchline.schemas.events import ANSWER, TOUCHPOINT

_new: Any = tuple.__new__  # a named tuple's own constructor costs twice as much
_FIELDS = (
    "event_time", "source", "event_id", "touchpoint", "action", "channel", "local_date", "persona", "segment", "properties",
)  # fmt: skip
_of_event: Any = itemgetter(*map(Fact._fields.index, _FIELDS))  # one call is quicker than a look-up by name each
ON_THE_JOURNEY = frozenset((TOUCHPOINT, ANSWER))


def journey_event(fact: Fact) -> JourneyEvent:
    """What `attach` needs of an event. Answers are placed at the touchpoint they speak of and move nothing."""
    return _new(  # type: ignore[no-any-return]
        JourneyEvent,
        (*_of_event(fact), fact.event_type == TOUCHPOINT),
    )


def follow(
    placed: Sequence[Placed], tail: PersonTail | None, maps: Sequence[CompiledMap], rows: list[AttachedRow]
) -> PersonTail:
    """Append the attached rows of one person's events (in order, later than the tail); returns the tail after them."""
    last = placed[-1][1]
    order = (last.event_time, last.source, last.event_id)
    tails = [NO_TAIL] * len(maps) if tail is None else tail.maps
    on_journey = [one for one in placed if one[1].event_type in ON_THE_JOURNEY]
    if not on_journey:
        return PersonTail(order, tuple(tails))
    events = [journey_event(fact) for _, fact in on_journey]
    after = []
    for journey_map, before in zip(maps, tails, strict=True):
        attachments, new_tail = attach(events, journey_map, before)
        after.append(new_tail)
        name, version = journey_map.map, journey_map.version
        for (offset, fact), attachment in zip(on_journey, attachments, strict=True):
            rows.append((offset, (*fact[:SHARED_WIDTH], name, version, *attachment)))
    return PersonTail(order, tuple(after))


def follow_alone(placed: Iterable[Placed], maps: Sequence[CompiledMap]) -> list[AttachedRow]:
    """Attached rows of events without an identifier: counted at their stage, no person, no journey."""
    rows: list[AttachedRow] = []
    for offset, fact in placed:
        if fact.event_type in ON_THE_JOURNEY:
            event = journey_event(fact)
            head = fact[:SHARED_WIDTH]
            rows += [(offset, (*head, one.map, one.version, *attach_alone(event, one))) for one in maps]
    return rows
