"""Attach one person's events under every journey map: from a tail (fast path) or from the beginning (slow path)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from touchline.processors.attach import NO_TAIL, CompiledMap, JourneyEvent, attach, attach_alone
from touchline.processors.diff import AttachedRow
from touchline.processors.records import SHARED_WIDTH, Fact
from touchline.processors.resolve import Placed
from touchline.processors.state.tails import PersonTail

TOUCHPOINT = "touchline.touchpoint.v1"
ANSWER = "touchline.answer.v1"
ON_THE_JOURNEY = frozenset((TOUCHPOINT, ANSWER))


def journey_event(fact: Fact) -> JourneyEvent:
    """What `attach` needs of an event. Answers are placed at the touchpoint they speak of and move nothing."""
    return JourneyEvent(
        fact.event_time,
        fact.source,
        fact.event_id,
        fact.touchpoint,
        fact.action,
        fact.channel,
        fact.local_date,
        fact.persona,
        fact.segment,
        fact.properties,
        fact.event_type == TOUCHPOINT,
    )


def follow(
    placed: Sequence[Placed], tail: PersonTail | None, maps: Sequence[CompiledMap]
) -> tuple[list[AttachedRow], PersonTail]:
    """Attached rows of one person's events (in order, later than the tail) and the tail after them."""
    last = placed[-1][1]
    tails = [NO_TAIL] * len(maps) if tail is None else list(tail.maps)
    rows: list[AttachedRow] = []
    on_journey = [one for one in placed if one[1].event_type in ON_THE_JOURNEY]
    if on_journey:
        events = [journey_event(fact) for _, fact in on_journey]
        for number, journey_map in enumerate(maps):
            attachments, tails[number] = attach(events, journey_map, tails[number])
            head = (journey_map.map, journey_map.version)
            rows += [
                (offset, (*fact[:SHARED_WIDTH], *head, *attachment))
                for (offset, fact), attachment in zip(on_journey, attachments, strict=True)
            ]
    return rows, PersonTail((last.event_time, last.source, last.event_id), tuple(tails))


def follow_alone(placed: Iterable[Placed], maps: Sequence[CompiledMap]) -> list[AttachedRow]:
    """Attached rows of events without an identifier: counted at their stage, no person, no journey."""
    rows: list[AttachedRow] = []
    for offset, fact in placed:
        if fact.event_type in ON_THE_JOURNEY:
            event = journey_event(fact)
            head = fact[:SHARED_WIDTH]
            rows += [(offset, (*head, one.map, one.version, *attach_alone(event, one))) for one in maps]
    return rows
