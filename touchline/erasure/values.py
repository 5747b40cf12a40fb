"""Requests to erase as values: which identifiers and times they name, how far they have come, and what was counted.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

ASKED: Final = "asked"
RETRACTED: Final = "retracted"
DONE: Final = "done"
BEFORE_ALL_US: Final = 0
"""Behind this: all that ever happened."""


class Target(NamedTuple):
    """One identifier after `after_us` and up to `until_us` (µs). It is a person key; its type may be empty where nothing says it."""

    identifier: str
    identifier_type: str
    after_us: int
    until_us: int


def whole_of(targets: Iterable[Target]) -> set[str]:
    """The identifiers of which all up to the end of the request is meant: not devices that were the person's for a time."""
    known = list(targets)
    end_us = max((one.until_us for one in known), default=0)
    return {one.identifier for one in known if one.after_us == BEFORE_ALL_US and one.until_us == end_us}


class Subject(NamedTuple):
    """One person, or identifiers that no event ties to one. `raw` are the values by which it was named, as they were given; `left` tells of
    what is linked with the person and is not theirs alone, by type of identifier."""

    targets: Sequence[Target]
    raw: Sequence[str] = ()
    left: Sequence[str] = ()
    is_on_its_way: bool = False

    @property
    def identifiers(self) -> list[str]:
        """All person keys, each once."""
        return list(dict.fromkeys(one.identifier for one in self.targets))


def end_of(targets: Iterable[Target]) -> dict[str, int]:
    """Of each of these whole identifiers up to when it is meant (µs)."""
    known = list(targets)
    whole = whole_of(known) - {""}
    return {one.identifier: one.until_us for one in known if one.identifier in whole}


def types_of(targets: Iterable[Target]) -> dict[str, int]:
    """How many identifiers of which type, each once."""
    kinds = {one.identifier: one.identifier_type for one in targets}
    return dict(sorted(Counter(kind or "unknown" for kind in kinds.values()).items()))


class Request(NamedTuple):
    """One request: its rows in the order of their numbers, and the newest state of it. `draft` is what the certificate has so far, as JSON;
    identifiers are empty once it is done."""

    id: str
    how: str
    asked_at: datetime
    numbers: Sequence[int]
    targets: Sequence[Target]
    digests: Sequence[str]
    secret_ids: Sequence[str]
    state: str
    state_at: datetime
    draft: str

    @property
    def is_open(self) -> bool:
        """Whether anything is left to be done."""
        return self.state != DONE


class Rows(NamedTuple):
    """Rows of the ledger of one kind: of `attached` rows by map and version, of records by fate. `standing` are those that count, `rows`
    all that are kept, those that were retracted included."""

    kind: str
    fate: str
    map: str
    map_version: int
    standing: int
    rows: int


class Found(NamedTuple):
    """What was counted of a person at one moment. `waiting` events are in outboxes of this machine on their way to Kafka, `aside` ones were
    refused by Kafka for good; `alerts` are those of `touchline care` here that no sink has taken. The days are those of the first and
    last event."""

    rows: Sequence[Rows]
    comments: int
    first_day: str
    last_day: str
    quarantine: int
    waiting: int
    aside: int
    alerts: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is kept."""
        return not (self.rows or self.quarantine or self.waiting or self.aside or self.alerts)

    def standing(self, *kinds: str) -> int:
        """Rows of these kinds that count."""
        return sum(one.standing for one in self.rows if one.kind in kinds)


class Retention(NamedTuple):
    """Until when Kafka may hold the records. `how` is `until` (then `last_day` is the last day), `unlimited`, `compacted` or `unknown`."""

    topic: str
    how: str
    last_day: str = ""
