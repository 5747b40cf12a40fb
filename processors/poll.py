"""One poll of the streams for all partitions of a worker: they tick one after the other and mostly ask the same.

A partition that asks a second time gets a new poll. An older one is as right as a new one: what it does not show yet is read with the next.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from touchline.processors.ledger.ledger import FeedRow, Ledger, Progress
from touchline.processors.values.records import Cursors


class _Fed(NamedTuple):
    after: Cursors
    until: Cursors
    rows: list[FeedRow]


class Poll:
    """What was read since the last new poll. Raises LedgerUnavailable from each method."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._served: set[int] = set()
        self._positions: Cursors | None = None
        self._progress: dict[str, Progress] | None = None
        self._fed: _Fed | None = None
        self.erasure = 0
        """Number of the newest request to erase that was known before the positions were read."""

    def begins(self, partition: int, look: Callable[[], int] = lambda: 0) -> bool:
        """The partition begins a tick. Whether that is a new poll. `look` reads requests to erase first, and gives the newest number."""
        is_new = self._positions is None or partition in self._served
        if is_new:
            self.forget()
            self.erasure = look()
            self._positions = self._ledger.positions()
        self._served.add(partition)
        return is_new

    def forget(self) -> None:
        """The next partition begins a new poll."""
        self._served.clear()
        self._positions = self._progress = self._fed = None

    @property
    def positions(self) -> Cursors:
        """The number of the newest insert of each stream."""
        assert self._positions is not None, "a tick begins with a poll"
        return self._positions

    def progress(self) -> dict[str, Progress]:
        """What the newest marks say, read after the positions."""
        if self._progress is None:
            self._progress = self._ledger.progress()
        return self._progress

    def feed(self, after: Cursors, until: Cursors) -> list[FeedRow]:
        """As Ledger.feed; not asked again where it was read from the same cursors or earlier ones, up to these."""
        fed = self._fed
        if fed is None or fed.until != until or any(after.get(name, 0) < fed.after.get(name, 0) for name in until):
            fed = self._fed = _Fed(after, until, self._ledger.feed(after, until))
        if fed.after == after:
            return fed.rows
        return [row for row in fed.rows if row.insert_number > after.get(row.stream, 0)]
