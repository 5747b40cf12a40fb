"""Settle what the fast path may not decide: repeated, revised and late events.

Judges all versions of each suspect, those that stand and those that arrive, and names the persons whose journeys must be followed again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from touchline.processors.judge import judge
from touchline.processors.resolve import Placed, key_of
from touchline.processors.state.tails import PersonTail
from touchline.processors.store.ledger import KnownEvent
from touchline.schemas.reasons import Fate

Key = tuple[str, str]
"""(source, event id)"""


class Settled(NamedTuple):
    """`fates` holds the fate of each placed fact that is not plainly stored, by offset. `moved` lists standing versions with their new
    fate. `again` are the identifiers to be followed from the beginning; `again_alone` the (source, id) pairs without identifier."""

    fates: dict[int, Fate]
    moved: list[tuple[KnownEvent, Fate]]
    again: set[str]
    again_alone: set[Key]


def late_offsets(
    persons: Mapping[str, Sequence[Placed]], suspects: set[Key], tails: Mapping[str, PersonTail]
) -> set[int]:
    """Offsets of the suspects that are not later than all that came before of their person."""
    late = set()
    for key, placed in persons.items():
        if not placed[0][1].identifier or suspects.isdisjoint(map(key_of, placed)):
            continue
        tail = tails.get(key)
        last = None if tail is None else tail.order
        for offset, fact in placed:
            if last is None or fact.order > last:
                last = fact.order
            else:
                late.add(offset)
    return late


def settle(facts: Sequence[Placed], suspects: set[Key], late: set[int], known: Sequence[KnownEvent]) -> Settled:
    """Fates of the suspects (see judge.py) and whom they touch: persons of whom an event comes late or a standing version moves. A
    suspect that turns out to be new and in order extends its journey like any other event."""
    settled = Settled({}, [], set(), set())
    if not suspects:
        return settled
    standing: dict[Key, list[KnownEvent]] = defaultdict(list)
    for event in known:
        standing[event.source, event.event_id].append(event)
    arriving: dict[Key, list[Placed]] = defaultdict(list)
    for placed in facts:
        key = key_of(placed)
        if key in suspects:
            arriving[key].append(placed)

    for key, incoming in arriving.items():
        here = standing[key]
        judgement = judge(
            [(event.revision, event.payload_hash) for event in here],
            [(fact.revision, fact.payload_hash) for _, fact in incoming],
        )
        for (offset, fact), fate in zip(incoming, judgement.arriving, strict=True):
            if fate is not Fate.STORED:
                settled.fates[offset] = fate
            elif offset in late:
                settled.again.add(fact.identifier)
        for event, fate in zip(here, judgement.standing, strict=True):
            if fate != event.fate:
                settled.moved.append((event, fate))
                if event.identifier:
                    settled.again.add(event.identifier)
                else:
                    settled.again_alone.add(key)
    return settled
