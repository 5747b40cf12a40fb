"""How a plan made for one situation runs (scenes.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Place = tuple[int, int]
"""(partition, offset) of a record."""


@dataclass
class Staging:
    """How a plan made for one situation runs: with so many `workers`, each with partitions of its own; of them `sleepers`, None for all,
    sleep at times before the calls of the ledger in `naps`; with so many `faults`, of kinds within these bounds (world.py). Records in
    `waits` can be read only once the store, as a reader sees it, has come so far. So do the steps of the maps in `map_waits`, by their
    places; the others follow one another within `map_pause` turns. And so do requests to erase, by `request_wait`; what
    names the erased is blanked `blanks` times."""

    workers: int
    naps: tuple[str, ...] = ()
    sleepers: tuple[int, ...] | None = None
    faults: int = 0
    fault_kinds: tuple[float, float] = (0.0, 1.0)
    waits: dict[Place, Callable[[Any], bool]] = field(default_factory=dict)
    map_waits: dict[int, Callable[[Any], bool]] = field(default_factory=dict)
    map_pause: int = 300
    request_wait: Callable[[Any], bool] | None = None
    blanks: int = 0

    def naps_of(self, slot: int) -> tuple[str, ...]:
        """The calls before which this worker sleeps at times."""
        return self.naps if self.sleepers is None or slot in self.sleepers else ()

    def readable(self, partition: int, count: int, reader: Any) -> int:
        """How many of so many records of the partition can be read by now. What could be read once can be read for good."""
        for offset in range(count):
            cue = self.waits.get((partition, offset))
            if cue is not None and not cue(reader):
                return offset
            self.waits.pop((partition, offset), None)
        return count

    def is_due(self, map_step: int, reader: Any) -> bool:
        """Whether this step of the maps waits for nothing."""
        return map_step not in self.map_waits or bool(self.map_waits[map_step](reader))
