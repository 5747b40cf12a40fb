"""Attach one person's events under every journey map: from a tail (fast path) or from the beginning (slow path)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from touchline.journey.alone import attach_alone
from touchline.journey.attach import attach
from touchline.journey.compile import CompiledMap
from touchline.journey.instants import runs_at_once
from touchline.journey.values import Attachment, JourneyEvent, Tail
from touchline.processors.ledger.ledger import PublishedRow
from touchline.processors.steps import kept
from touchline.processors.steps.diff import AttachedRow
from touchline.processors.steps.occasion import Occasions, names_occasion, occasion_key, taking
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.person import KeptState, PersonTail, last_moment, new_person
from touchline.processors.values.records import Fact, shared_of
from touchline.schemas.events import ANSWER, TOUCHPOINT

_new: Any = tuple.__new__  # a named tuple's own constructor costs twice as much
_FIELDS = (
    "event_time", "source", "event_id", "touchpoint", "action", "channel", "local_date", "persona", "segment", "properties",
)  # fmt: skip
_of_event: Any = itemgetter(*map(Fact._fields.index, _FIELDS))  # one call is quicker than a look-up by name each
_said: Any = itemgetter(
    *map(Fact._fields.index, ("channel", "persona", "segment")),
    *(Fact._fields.index(name) for name in shared_of(Fact._fields) if name not in ("source", "event_id")),
)
ON_THE_JOURNEY = frozenset((TOUCHPOINT, ANSWER))

Attached = dict[int, Attachment]
"""Under one map: the attachment of the event at an offset."""
ByMap = list[Sequence[Attachment | None]]
"""Under each map, in the maps' order: the attachments of the events on the journey, in their order; None for those of another business."""


class Followed(NamedTuple):
    """What became of the persons: by map the attachments of records that extend what is known; of those followed again all events with
    their attachments, and the rows that stand; and all new tails."""

    attached: list[Attached]
    again: list[tuple[list[Placed], ByMap]]
    published: list[PublishedRow]
    tails: dict[str, PersonTail]


def follow(
    placed: Sequence[Placed], tail: PersonTail | None, maps: Sequence[CompiledMap]
) -> tuple[list[Placed], ByMap, PersonTail]:
    """One person's events (all later than the tail): those on the journey by time, their attachments, and the tail after them all."""
    if len(placed) > 1:
        placed = in_order(placed)
    before = new_person(len(maps)) if tail is None else tail
    if len(placed) <= kept.EVERY:
        return follow_piece(placed, before, maps)
    on_journey: list[Placed] = []
    by_map: list[list[Attachment | None]] = [[] for _ in maps]
    for piece in kept.pieces(placed):
        of_piece, attachments, before = follow_piece(piece, before, maps)
        on_journey += of_piece
        for of_map, more in zip(by_map, attachments, strict=True):
            of_map += more
    return on_journey, [*by_map], before


def follow_piece(
    placed: Sequence[Placed], before: PersonTail, maps: Sequence[CompiledMap]
) -> tuple[list[Placed], ByMap, PersonTail]:
    """The same of so few events, in order of time, that no state is kept among them; the one before them may be."""
    last_us = max([last_moment(fact) for _, fact in placed])
    on_journey = _on_journey(placed)
    if not on_journey:
        return [], [[] for _ in maps], before._replace(last_us=last_us)
    events = _journey_events(on_journey)
    by_map: ByMap = []
    after: list[Tail | None] = []
    for journey_map, known in zip(maps, before.maps, strict=True):
        if known is None:
            by_map.append([None] * len(events))
            after.append(None)
            continue
        if journey_map.takes_all:
            attachments, new_tail = attach(events, journey_map, known)
            by_map.append(attachments)
        else:
            mine = _taken(on_journey, journey_map)
            attachments, new_tail = attach([events[place] for place in mine], journey_map, known)
            by_map.append(_among(len(events), mine, attachments))
        after.append(new_tail)
    count = before.event_count + len(on_journey)
    states = before.kept
    if kept.is_due(before.event_count, count) and None not in before.maps:
        state = KeptState(before.last_us, before.event_count, kept.packed({"": before.maps}))
        states = kept.thinned((*states, state), count)
    return on_journey, by_map, _new(PersonTail, (last_us, tuple(after), count, states))


def _taken(on_journey: Sequence[Placed], journey_map: CompiledMap) -> list[int]:
    """Places of the events that are on this map. An answer is of the business of what it is about, whatever tool it came by."""
    return [
        place
        for place, (_, fact) in enumerate(on_journey)
        if journey_map.takes(fact.about_source or fact.source, fact.brand)
    ]


def _among(count: int, places: Sequence[int], attachments: Sequence[Attachment]) -> list[Attachment | None]:
    """The attachments at these places of as many events, None at all others."""
    found: list[Attachment | None] = [None] * count
    for place, attachment in zip(places, attachments, strict=True):
        found[place] = attachment
    return found


def in_order(placed: Sequence[Placed]) -> list[Placed]:
    """Sorted by event time; within an instant by what the events say, and those that say the same by source and id.

    Where the map makes a difference it orders what may have come at once itself (journey/instants.py): then what it does not see, such as
    the amount, decides which of two events alike has which row.
    """
    by_time = sorted(placed, key=_time_of_placed)
    times_us = [one[1].event_time for one in by_time]
    if len(set(times_us)) < len(times_us):
        for start, end in runs_at_once(times_us, times_us):
            by_time[start:end] = sorted(by_time[start:end], key=_content)
    return by_time


def _time_of_placed(placed: Placed) -> int:
    return placed[1].event_time


def _content(placed: Placed) -> tuple[object, ...]:
    fact = placed[1]
    return (*_said(fact), sorted(fact.properties.items()), fact.source, fact.event_id)


def follow_alone(placed: Iterable[Placed], maps: Sequence[CompiledMap]) -> tuple[list[Placed], ByMap]:
    """Events without an identifier: counted at their stage, no person, no journey, and so no tail."""
    on_journey = _on_journey(placed)
    events = _journey_events(on_journey)
    by_map: ByMap = []
    for journey_map in maps:
        mine = range(len(events)) if journey_map.takes_all else _taken(on_journey, journey_map)
        by_map.append(_among(len(events), mine, [attach_alone(events[place], journey_map) for place in mine]))
    return on_journey, by_map


def attached_rows(
    on_journey: Sequence[Placed], by_map: ByMap, maps: Sequence[CompiledMap], occasions: Occasions
) -> Iterator[AttachedRow]:
    """The attached rows that should stand of these events; answers take from those of the occasions that they name."""
    for journey_map, attachments in zip(maps, by_map, strict=True):
        name, version = journey_map.map, journey_map.version
        for (offset, fact), attachment in zip(on_journey, attachments, strict=True):
            if attachment is None:
                continue
            if occasions and names_occasion(fact):
                occasion = occasions.get((occasion_key(fact), (name, version)))
                if occasion is not None:
                    fact, attachment = taking(fact, attachment, occasion)
            yield offset, (*shared_of(fact), name, version, *attachment)


def _on_journey(placed: Iterable[Placed]) -> list[Placed]:
    return [one for one in placed if one[1].event_type in ON_THE_JOURNEY]


def _journey_events(placed: Iterable[Placed]) -> list[JourneyEvent]:
    """What `attach` needs of the events. Answers are placed at the touchpoint they speak of and move nothing."""
    return [_new(JourneyEvent, (*_of_event(fact), fact.event_type == TOUCHPOINT, fact.span_us)) for _, fact in placed]
