"""Settle what the fast path may not decide: repeated, revised and late events.

Judges all versions of each suspect, those that stand and those that arrive, and names the persons whose journeys must be followed again.

Why: docs/decisions/0062.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from touchline.processors.ledger.ledger import KnownEvent
from touchline.processors.steps.resolve import Placed, key_of
from touchline.schemas.reasons import Fate
from touchline.schemas.versions import Version, judge

Key = tuple[str, str]
"""(source, event id)"""


class Settled(NamedTuple):
    """`fates` holds the fate of each placed fact that is not plainly stored, by offset. `moved` lists standing versions with their new
    fate. `again` are the identifiers to be followed from the beginning; `again_alone` the (source, id) pairs without identifier."""

    fates: dict[int, Fate]
    moved: list[tuple[KnownEvent, Fate]]
    again: set[str]
    again_alone: set[Key]


def settle(facts: Sequence[Placed], suspects: set[Key], late: Sequence[Placed], known: Sequence[KnownEvent]) -> Settled:
    """Fates of the suspects (schemas/versions.py), the late facts among them, and whom they touch: persons of whom an event comes late or a
    standing version moves. A suspect that turns out to be new and in order extends its journey like any other event."""
    settled = Settled({}, [], set(), set())
    if not suspects:
        return settled
    standing: dict[Key, list[KnownEvent]] = defaultdict(list)
    for event in known:
        standing[event.source, event.event_id].append(event)
    late_offsets = {offset for offset, fact in late if fact.identifier}
    arriving: dict[Key, list[Placed]] = defaultdict(list)
    for placed in facts:
        key = key_of(placed)
        if key in suspects:
            arriving[key].append(placed)

    for key, incoming in arriving.items():
        here = standing[key]
        judgement = judge(
            [Version(event.revision, event.completeness, event.payload_hash) for event in here],
            [Version(fact.revision, fact.completeness, fact.payload_hash) for _, fact in incoming],
        )
        for (offset, fact), fate in zip(incoming, judgement.arriving, strict=True):
            if fate is not Fate.STORED:
                settled.fates[offset] = fate
            elif offset in late_offsets:
                settled.again.add(fact.identifier)
        for event, fate in zip(here, judgement.standing, strict=True):
            if fate != event.fate:
                settled.moved.append((event, fate))
                if event.identifier:
                    settled.again.add(event.identifier)
                else:
                    settled.again_alone.add(key)
    return settled
