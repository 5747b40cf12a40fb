"""Finds events that are stored in two partitions: a sender gave one (source, id) two keys, each time as a first version.

Nobody looks such an event up when it comes: it is no repetition where it arrives, and says of itself that it is the first. So the owner of
partition 0 remembers, as partitions do for their own ids, a few bits of every id that any partition stores, and looks up what it meets
twice. What it remembers is lost with it and read again, some inserts a step.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from touchline.identity.watch import needs_look
from touchline.processors.claims import RULES, standings_of
from touchline.processors.ledger.ledger import KnownEvent, Ledger
from touchline.processors.state.seen import SeenIds, room_for
from touchline.processors.values.records import Cursors

Key = tuple[str, str]
INSERTS_PER_STEP: Final = 200
"""Of each stream."""


class Sweeper:
    """What was met of all streams, up to `cursors`. What it found is kept until it was told: whatever fails on the way, nothing is lost."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._seen: SeenIds = room_for(0, bytes_max)
        self._cursors: Cursors = {}
        self._met_twice: tuple[list[int], Cursors, Cursors] | None = None
        """Hashes that are to be looked up, and between which inserts they were met."""
        self._found: set[Key] = set()

    def step(self, ledger: Ledger, positions: Cursors) -> list[Key]:
        """The events of the next inserts that others must look at: two of their versions are stored, or a conflict stands below a higher
        revision; with those found before that were not told yet. Raises LedgerUnavailable."""
        if self._met_twice is None:
            self._read(ledger, positions)
        if self._met_twice is not None:
            keys = ledger.keys_of_hashes(*self._met_twice)
            self._found.update(_to_look_at(ledger.find_events(keys)) if keys else ())
            self._met_twice = None
        return sorted(self._found)

    def told(self, keys: Sequence[Key]) -> None:
        """All partitions will read of these events."""
        self._found.difference_update(keys)

    def _read(self, ledger: Ledger, positions: Cursors) -> None:
        before = self._cursors
        until = {name: min(newest, before.get(name, 0) + INSERTS_PER_STEP) for name, newest in positions.items()}
        if until == before:
            return
        met_twice: set[int] = set()
        for hashes in ledger.stored_hashes(before, until):
            if not self._seen.has_room(len(hashes)):
                # In a larger set, from the beginning.
                self._seen = room_for(2 * (self._seen.count + len(hashes)), self._bytes_max)
                self._cursors = {}
                return
            met_twice.update(hashes[place] for place in self._seen.meet(hashes))
        self._cursors = until
        if met_twice:
            self._met_twice = (sorted(met_twice), before, until)


def _to_look_at(versions: Sequence[KnownEvent]) -> list[Key]:
    events: dict[Key, list[KnownEvent]] = defaultdict(list)
    for version in versions:
        events[version.source, version.event_id].append(version)
    return sorted(key for key, some in events.items() if needs_look(standings_of(some, ()), RULES))
