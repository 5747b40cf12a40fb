"""What was decided just now and may not stand in the ledger yet: so that two questions a second apart know of each other.

An ask is remembered until it was seen in the ledger and a while has passed, in which a reading that began before it was stored has ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from touchline.schemas.times import US_PER_SECOND
from touchline.surveys.asked import RANK, Asked

KEPT_US: Final = 60 * US_PER_SECOND
"""Longer than any reading of the ledger takes."""
MOST: Final = 50_000


class _Held(NamedTuple):
    asked: Asked
    keys: frozenset[str]
    since_us: int


class Remembered:
    """For one event loop."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._held: dict[tuple[str, str], _Held] = {}
        self._by_key: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._held)

    @property
    def is_full(self) -> bool:
        """Whether the ledger is so far behind that no more can be kept in mind: then nobody may be asked."""
        return len(self._held) >= self._most

    def add(self, asked: Asked, keys: Iterable[str], now_us: int) -> Asked | None:
        """Keep it in mind for who has one of these person keys. Returns what it takes the place of."""
        before = self._held.pop(asked.key, None)
        known = frozenset(keys) | (before.keys if before else frozenset())
        self._held[asked.key] = _Held(asked, known, now_us)
        for key in known:
            self._by_key[key].add(asked.key)
        return before.asked if before else None

    def take_back(self, asked: Asked, before: Asked | None) -> None:
        """It was not written: what was known before holds again."""
        held = self._held.get(asked.key)
        if held is None or held.asked != asked:  # it has gone further meanwhile
            return
        if before is None:
            self._forget(asked.key)
        else:
            self._held[asked.key] = held._replace(asked=before)

    def of(self, keys: Iterable[str]) -> list[Asked]:
        """What is kept in mind of who has one of these keys."""
        found = {one for key in keys for one in self._by_key.get(key, ())}
        return [self._held[one].asked for one in found]

    def oldest(self, count: int, now_us: int) -> Sequence[Asked]:
        """Those that have been in mind for longest, as far as they may be forgotten once they stand in the ledger."""
        found: list[Asked] = []
        for held in self._held.values():
            if len(found) == count or now_us - held.since_us < KEPT_US:
                break
            found.append(held.asked)
        return found

    def stored(self, source: str, ask_id: str, disposition: str, now_us: int) -> None:
        """It was seen in the ledger at that disposition."""
        held = self._held.get((source, ask_id))
        if held is None or now_us - held.since_us < KEPT_US:
            return
        if RANK.get(disposition, 0) >= RANK.get(held.asked.disposition, 0):
            self._forget((source, ask_id))

    def _forget(self, key: tuple[str, str]) -> None:
        for one in self._held.pop(key).keys:
            self._by_key[one].discard(key)
            if not self._by_key[one]:
                del self._by_key[one]
