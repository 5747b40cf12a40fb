"""The events that a partition watches, and when it must look at one again: when one more of its claims or releases is passed.

It can be built anew at any time: every event that has a claim that stands, and of which this partition has met anything. So nothing of
it is stored. An event of which nothing was looked up yet is due at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from touchline.identity.links import Event
from touchline.identity.passed import LedgerPosition


class WatchList:
    """Per watched event the positions of its claims and releases, and how many of them were passed when it was looked at last."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._positions: dict[Event, set[LedgerPosition]] = {event: set() for event in events}
        self._passed_at_look: dict[Event, int] = {}

    def __contains__(self, event: object) -> bool:
        return event in self._positions

    def __len__(self) -> int:
        return len(self._positions)

    def watch(self, event: Event) -> None:
        """Begin to watch it; a watched one goes on as it was."""
        self._positions.setdefault(event, set())

    def hear(self, event: Event, position: LedgerPosition) -> None:
        """A claim or release lies there. Of an event that is not watched it means nothing."""
        if event in self._positions:
            self._positions[event].add(position)

    def positions(self) -> set[LedgerPosition]:
        """Where the claims and releases of all watched events lie, as far as they are known here."""
        return {position for positions in self._positions.values() for position in positions}

    def due(self, passed: Collection[LedgerPosition]) -> list[Event]:
        """The events to be looked at now, in order; `passed` are those of `positions` that are passed."""
        return sorted(
            event
            for event, positions in self._positions.items()
            if self._passed_at_look.get(event) != sum(position in passed for position in positions)
        )

    def looked(
        self,
        event: Event,
        found: Iterable[LedgerPosition],
        passed: Collection[LedgerPosition],
        is_watched: bool,
    ) -> None:
        """The event was looked at: the look-up found claims and releases at these positions, of which `passed` were passed. Say so
        once it is stored what followed from the look."""
        if is_watched:
            known = self._positions.setdefault(event, set())
            known.update(found)
            self._passed_at_look[event] = sum(position in passed for position in known)
        else:
            self._positions.pop(event, None)
            self._passed_at_look.pop(event, None)
