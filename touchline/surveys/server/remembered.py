"""What was decided and said just now and may not stand in the ledger yet: so that two questions a second apart know of each other.

An ask is remembered until it was seen in the ledger and a while has passed, in which a reading that began before it was stored has ended.
What has not come there though asks of a day later have is not coming: it was refused, or its person was erased meanwhile, whose key is
not kept here for ever. The clock alone does not tell that: while the ledger is behind, an invitation that was forgotten goes out again.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from touchline.schemas.times import FUTURE_TOLERANCE_US, US_PER_SECOND
from touchline.surveys.asked import RANK, Asked
from touchline.surveys.asks import StoredAsk, asked_of

KEPT_US: Final = 60 * US_PER_SECOND
"""Longer than any reading of the ledger takes."""
LONGEST_US: Final = FUTURE_TOLERANCE_US
"""Not longer than what comes of somebody who was erased is erased on arrival, too."""
MOST: Final = 50_000


class _Held(NamedTuple):
    stored: StoredAsk
    keys: frozenset[str]
    since_us: int


class Remembered:
    """For one event loop, and the asks of one source."""

    def __init__(self, source: str, most: int = MOST) -> None:
        self._source = source
        self._most = most
        self._held: dict[str, _Held] = {}
        self._by_key: defaultdict[str, set[str]] = defaultdict(set)
        self._ledger_us = 0
        """When that was kept in mind which stands in the ledger and is the newest of it."""

    def __len__(self) -> int:
        return len(self._held)

    @property
    def is_full(self) -> bool:
        """Whether the ledger is so far behind that no more can be kept in mind: then nobody may be asked."""
        return len(self._held) >= self._most

    def add(self, stored: StoredAsk, keys: Iterable[str], now_us: int) -> StoredAsk | None:
        """Keep it in mind for who has one of these person keys. Returns what it takes the place of."""
        ask_id = stored.ask.id
        before = self._held.pop(ask_id, None)
        known = frozenset(keys) | (before.keys if before else frozenset())
        self._held[ask_id] = _Held(stored, known, now_us)
        for key in known:
            self._by_key[key].add(ask_id)
        return before.stored if before else None

    def take_back(self, stored: StoredAsk, before: StoredAsk | None) -> None:
        """It was not written: what was known before holds again."""
        held = self._held.get(stored.ask.id)
        if held is None or held.stored != stored:  # it has gone further meanwhile
            return
        if before is None:
            self._forget(stored.ask.id)
        else:
            self._held[stored.ask.id] = held._replace(stored=before)

    def get(self, ask_id: str) -> StoredAsk | None:
        """The ask as it was said last."""
        held = self._held.get(ask_id)
        return None if held is None else held.stored

    def of(self, keys: Iterable[str]) -> list[Asked]:
        """What is kept in mind of who has one of these keys."""
        found = {one for key in keys for one in self._by_key.get(key, ())}
        return [self._asked(self._held[one].stored) for one in sorted(found)]

    def _asked(self, stored: StoredAsk) -> Asked:
        asked = asked_of(stored.ask, stored.disposition, stored.time_us, self._source)
        return asked._replace(reached=stored.reached or "", reached_us=stored.reached_us)

    def to_look_for(self, count: int, now_us: int) -> Sequence[str]:
        """Ids of those that may be forgotten once they stand in the ledger: those longest in mind, and of more than `count` also the
        latest, so that some that never come there hide no others."""
        known = [
            one for one, _ in itertools.takewhile(lambda one: now_us - one[1].since_us >= KEPT_US, self._held.items())
        ]
        return known if len(known) <= count else [*known[: count // 2], *known[-(count // 2) :]]

    def seen(self, ask_id: str, disposition: str, now_us: int) -> None:
        """It was seen in the ledger at that disposition."""
        held = self._held.get(ask_id)
        if held is None or now_us - held.since_us < KEPT_US:
            return
        if RANK.get(disposition, 0) >= RANK.get(held.stored.disposition, 0):
            self._ledger_us = max(self._ledger_us, held.since_us)
            self._forget(ask_id)

    def forget_lost(self) -> None:
        """Those that have not come to the ledger, though what was said a day later has."""
        lost = itertools.takewhile(lambda one: self._ledger_us - one[1].since_us >= LONGEST_US, self._held.items())
        for ask_id, _ in list(lost):
            self._forget(ask_id)

    def _forget(self, ask_id: str) -> None:
        for one in self._held.pop(ask_id).keys:
            self._by_key[one].discard(ask_id)
            if not self._by_key[one]:
                del self._by_key[one]
