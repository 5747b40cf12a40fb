"""How far a partition's state has been looked through for persons of whom retention left nothing: in memory alone, some persons at a time.

A pass goes through the persons in the order of their keys. There is one a day; whoever takes the partition over begins one.

Why: docs/decisions/0193.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

GONE_MAX: Final = 100_000
"""Keys that are taken out at once: some megabytes of memory."""


class Outlived:
    """The place of a pass, and the keys that it has found so far."""

    def __init__(self) -> None:
        self._day = -1
        self._after: str | None = None
        self.gone: set[str] = set()
        """Of which the ledger kept nothing when the pass came by."""

    def place_on(self, day: int) -> str | None:
        """The key behind which to look next, empty at the beginning; None: nothing more is to be done on this day."""
        if self._after is None and day != self._day:
            self._day, self._after = day, ""
        return self._after

    def looked(self, reached: str, gone: Iterable[str]) -> bool:
        """All keys up to this one were looked at; empty: there are no more. Returns whether those that were found are to be taken out
        now."""
        self.gone.update(gone)
        self._after = reached or None
        return bool(self.gone) and (not reached or len(self.gone) >= GONE_MAX)

    def taken(self) -> set[str]:
        """The keys to take out; they are found no more."""
        gone, self.gone = self.gone, set()
        return gone
