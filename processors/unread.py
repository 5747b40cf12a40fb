"""Persons whose tails were lost: they are read from the ledger when a batch names them, so that a worker without its state begins at once.

Why: docs/decisions/0061.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from touchline.journey.compile import CompiledMap
from touchline.processors.homes import Homes
from touchline.processors.state.partition import Partition
from touchline.processors.steps.follow import follow
from touchline.processors.steps.resolve import Placed
from touchline.processors.values.person import APART, PersonTail, new_person, not_before
from touchline.processors.values.records import partition_of, withdraws
from touchline.processors.walk import has_walked

PERSONS_AT_ONCE: Final = 1_000
"""So that the events of a batch's persons need not be in memory together."""


def known_tails(
    partition: Partition, keys: Iterable[str], homes: Homes, maps: Sequence[CompiledMap], map_change: int
) -> dict[str, PersonTail]:
    """The tails of those keys that have one, as the ledger has them. Raises LedgerUnavailable, StateLost."""
    tails = partition.tails.get_many(keys)
    unread = sorted(key for key, tail in tails.items() if tail.is_unread)
    if not unread:
        return tails
    tails.update({key: _apart(tails[key]) for key in unread if not homes.has(partition.number, key)})
    unread = [key for key in unread if tails[key].is_plain]
    is_walked = has_walked(partition, map_change)
    for start in range(0, len(unread), PERSONS_AT_ONCE):
        some = {key: tails[key] for key in unread[start : start + PERSONS_AT_ONCE]}
        # In the midst of a walk nobody knows under which maps a person's events are published: that is left to the ticks.
        tails.update(_read(partition, some, maps) if is_walked else {key: _apart(tail) for key, tail in some.items()})
    return tails


def _read(partition: Partition, unread: dict[str, PersonTail], maps: Sequence[CompiledMap]) -> dict[str, PersonTail]:
    """Their tails by their stored events. Whoever withdrew a consent is left to the ticks, and whoever has an event in another partition:
    its word has not been read yet, so nothing is published of it."""
    placed: dict[str, list[Placed]] = defaultdict(list)
    apart: set[str] = set()
    for one in partition.ledger.facts_of(list(unread)):
        placed[one[1].identifier].append(one)
        if withdraws(one[1]) or partition_of(one[0]) != partition.number:
            apart.add(one[1].identifier)
    return {
        key: _apart(tail)
        if key in apart
        else not_before(follow(placed[key], None, maps)[2] if key in placed else new_person(len(maps)), tail.last_us)
        for key, tail in unread.items()
    }


def _apart(tail: PersonTail) -> PersonTail:
    return PersonTail(tail.last_us, APART)
