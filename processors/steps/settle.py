"""Fates of the events of a batch that may not be plainly stored: repeated ones, revised ones, and those whose id this partition never met
but that are no first version.

Of one event at most one version of all partitions is stored. What is new here and might meet another version elsewhere is a claim: it
counts when all partitions know of it (touchline/identity/watch.py). Within the partition a better version takes the place of the stored one
at once.

Why: docs/decisions/0062, 0187.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from touchline.processors.ledger.ledger import KnownEvent
from touchline.processors.steps.kept import note_change
from touchline.processors.steps.resolve import Placed, key_of
from touchline.processors.values.records import Fact
from touchline.schemas.reasons import Fate
from touchline.schemas.versions import Version, judge

Key = tuple[str, str]
"""(source, event id)"""
NO_NAMES: Mapping[Key, Key] = MappingProxyType({})
CLAIM: Final = "claim"
"""Reason of a superseded version that waits for its turn."""


class Settled(NamedTuple):
    """`fates` holds the fate of each placed fact that is not plainly stored, by offset; `claims` the offsets of those superseded ones that
    are claims. `moved` lists standing versions of this partition with their new fate. `again` are the plain identifiers to be followed
    again, with the earliest time (µs) at which something has changed; `again_alone` the (source, id) pairs without identifier; `away` the
    other identifiers of which something moved, with that time.
    `replaced` are events whose stored version another one of this partition has replaced."""

    fates: dict[int, Fate]
    claims: set[int]
    moved: list[tuple[KnownEvent, Fate]]
    again: dict[str, int]
    again_alone: set[Key]
    away: dict[str, int]
    replaced: set[Key]

    @classmethod
    def nothing(cls) -> Settled:
        """All is plainly stored."""
        return cls({}, set(), [], {}, set(), {}, set())


class Here(NamedTuple):
    """This partition: its number, whether the topic has no other one, and whether an identifier is plain here."""

    partition: int
    is_only: bool
    is_plain: Callable[[str], bool]


def settle(
    facts: Sequence[Placed],
    suspects: set[Key],
    known: Sequence[KnownEvent],
    here: Here,
    also_called: Mapping[Key, Key] = NO_NAMES,
) -> Settled:
    """Fates of the suspects, whose versions in all partitions are `known`, and of first versions that are none: all others are stored. A
    suspect that turns out to be new extends its journey like any other event. `also_called` are suspects by the hidden id under which
    erased versions of them are kept."""
    settled = Settled.nothing()
    if not suspects:  # nearly always: most batches hold first versions alone
        facts = [] if here.is_only else [placed for placed in facts if placed[1].revision]
    standing: dict[Key, list[KnownEvent]] = defaultdict(list)
    for event in known:
        key = (event.source, event.event_id)
        standing[also_called.get(key, key)].append(event)
    arriving: dict[Key, list[Placed]] = defaultdict(list)
    for placed in facts:
        key = key_of(placed)
        if key in suspects or (placed[1].revision and not here.is_only):
            arriving[also_called.get(key, key)].append(placed)
    for key, incoming in arriving.items():
        _settle_one(key, standing[key], incoming, here, settled)
    return settled


def _settle_one(
    key: Key, standing: Sequence[KnownEvent], incoming: Sequence[Placed], here: Here, settled: Settled
) -> None:
    judgement = judge(
        [Version(event.revision, event.completeness, event.payload_hash) for event in standing],
        [Version(fact.revision, fact.completeness, fact.payload_hash) for _, fact in incoming],
    )
    best = next(
        (fact for (_, fact), fate in zip(incoming, judgement.arriving, strict=True) if fate is Fate.STORED), None
    )
    is_claim = best is not None and not _may_be_stored(best, standing, incoming, here)
    for (offset, _fact), fate in zip(incoming, judgement.arriving, strict=True):
        if fate is not Fate.STORED:
            settled.fates[offset] = fate
        elif is_claim:
            settled.fates[offset] = Fate.SUPERSEDED
            settled.claims.add(offset)
    for event, fate in zip(standing, judgement.standing, strict=True):
        if event.partition != here.partition or (fate == event.fate and event.reason != CLAIM) or fate is Fate.STORED:
            continue
        if event.fate == Fate.ERASED:  # for ever; what waits to be, needs to wait no more
            if event.reason == CLAIM:
                settled.moved.append((event, Fate.ERASED))
            continue
        if event.fate == Fate.STORED:
            if best is None or is_claim:
                continue  # it counts until the better one is settled
            settled.replaced.add(key)
            _follow_again(event, here, settled)
            _follow_again(best, here, settled)
        settled.moved.append((event, fate))


def _may_be_stored(best: Fact, standing: Sequence[KnownEvent], incoming: Sequence[Placed], here: Here) -> bool:
    """At once: nothing else can be stored meanwhile. It is a first version of which nothing is known, or any one where there is no other
    partition; or it replaces the stored version of this partition, under one identifier or under two that are both plain here."""
    if not standing:
        if here.is_only:
            return True
        first = [fact.identifier for _, fact in incoming if not fact.revision]
        return any(_is_one_place(one, best.identifier, here) for one in first)
    return any(
        event.partition == here.partition
        and event.fate == Fate.STORED
        and _is_one_place(event.identifier, best.identifier, here)
        for event in standing
    )


def _is_one_place(one: str, other: str, here: Here) -> bool:
    return one == other or (here.is_plain(one) and here.is_plain(other))


def _follow_again(changed: KnownEvent | Fact, here: Here, settled: Settled) -> None:
    if not changed.identifier:
        settled.again_alone.add((changed.source, changed.event_id))
    else:
        touched = settled.again if here.is_plain(changed.identifier) else settled.away
        note_change(touched, changed.identifier, changed.event_time)
