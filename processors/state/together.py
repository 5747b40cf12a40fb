"""States on the way through the events of several identifiers that belong together, so that a tick need not follow them from the beginning.

They are kept in memory while the partition is owned, of components with many events alone. A state holds as long as everything but events
is as it was when it was made.

Why: docs/decisions/0192.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from touchline.processors.values.person import KeptState

IDENTIFIERS_MAX = 50_000
"""Of which states are kept. Those judged longest ago are forgotten first."""

Judged = tuple[object, ...]
"""All that the rows of a component follow from, but for its events."""


@dataclass(frozen=True, eq=False, slots=True)
class _Kept:
    judged: Judged
    states: tuple[KeptState, ...]


class KeptTogether:
    """By identifier what is kept of its component."""

    def __init__(self, identifiers_max: int = IDENTIFIERS_MAX) -> None:
        self._identifiers_max = identifiers_max
        self._of: dict[str, _Kept] = {}

    def take(self, component: Iterable[str], judged: Judged) -> tuple[KeptState, ...]:
        """The states that were kept of this component when it was judged like this. They are forgotten: whatever these identifiers
        belonged to, it is followed now."""
        found = {self._of.pop(key, None) for key in component}
        one = found.pop()
        return one.states if one is not None and not found and one.judged == judged else ()

    def keep(self, component: Collection[str], judged: Judged, states: tuple[KeptState, ...]) -> None:
        """What was followed will be durable, or this is thrown away."""
        if not states:
            return
        self._of |= dict.fromkeys(component, _Kept(judged, states))
        while len(self._of) > self._identifiers_max:
            del self._of[next(iter(self._of))]
