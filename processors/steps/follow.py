"""Attach one person's events under every journey map: from a tail (fast path) or from the beginning (slow path)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from touchline.journey.alone import attach_alone
from touchline.journey.attach import attach
from touchline.journey.compile import CompiledMap
from touchline.journey.values import NO_TAIL, Attachment, JourneyEvent
from touchline.processors.steps.diff import AttachedRow
from touchline.processors.steps.resolve import Placed, order_of
from touchline.processors.values.person import PersonTail
from touchline.processors.values.records import Fact, shared_of
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


Attached = dict[int, Attachment]
"""Under one map: where the event at an offset belongs."""


def step(
    placed: Sequence[Placed], tail: PersonTail | None, maps: Sequence[CompiledMap]
) -> tuple[Sequence[Placed], list[list[Attachment]], PersonTail]:
    """One person's events (in order, later than the tail): those on the journey, their attachments by map, and the tail after them."""
    order = order_of(placed[-1][1])
    tails = [NO_TAIL] * len(maps) if tail is None else tail.maps
    on_journey = [one for one in placed if one[1].event_type in ON_THE_JOURNEY]
    if not on_journey:
        return [], [[] for _ in maps], PersonTail(order, tuple(tails))
    events = [_new(JourneyEvent, (*_of_event(fact), fact.event_type == TOUCHPOINT)) for _, fact in on_journey]
    by_map = [attach(events, journey_map, before) for journey_map, before in zip(maps, tails, strict=True)]
    after = tuple([new_tail for _, new_tail in by_map])
    return on_journey, [attachments for attachments, _ in by_map], _new(PersonTail, (order, after))


def follow(
    placed: Sequence[Placed], tail: PersonTail | None, maps: Sequence[CompiledMap], rows: list[AttachedRow]
) -> PersonTail:
    """Append the attached rows of one person's events (in order, later than the tail); returns the tail after them."""
    on_journey, by_map, after = step(placed, tail, maps)
    for journey_map, attachments in zip(maps, by_map, strict=True):
        name, version = journey_map.map, journey_map.version
        for (offset, fact), attachment in zip(on_journey, attachments, strict=True):
            rows.append((offset, (*shared_of(fact), name, version, *attachment)))
    return after


def follow_alone(placed: Iterable[Placed], maps: Sequence[CompiledMap]) -> list[AttachedRow]:
    """Attached rows of events without an identifier: counted at their stage, no person, no journey."""
    rows: list[AttachedRow] = []
    for offset, fact in placed:
        if fact.event_type in ON_THE_JOURNEY:
            event = journey_event(fact)
            head = shared_of(fact)
            rows += [(offset, (*head, one.map, one.version, *attach_alone(event, one))) for one in maps]
    return rows


def step_alone(placed: Iterable[Placed], maps: Sequence[CompiledMap], attached: Sequence[Attached]) -> None:
    """The same into `attached`, by map."""
    for offset, fact in placed:
        if fact.event_type in ON_THE_JOURNEY:
            event = journey_event(fact)
            for journey_map, of_map in zip(maps, attached, strict=True):
                of_map[offset] = attach_alone(event, journey_map)
