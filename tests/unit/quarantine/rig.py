"""Entries of a quarantine, a judge with a declared source, and a ledger with a worker that take replays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from touchline.processors.steps.cipher import Cipher
from touchline.quarantine.entries import Entry
from touchline.quarantine.judge import Judge, Judgement, Mended, Unmendable
from touchline.quarantine.keep import Kept, State
from touchline.quarantine.replay import Place, ReplayFate, Version
from touchline.quarantine.settle import SettledAs, Settlement
from touchline.schemas.sources import Source

NOW = datetime(2026, 3, 5, tzinfo=UTC)
RECEIVED_US = 1_772_600_000_000_000
CIPHER = Cipher("c1", bytes(32))
PERSON = "k1:" + "ab" * 32
STREAM = "events/incarnation/0"
SOURCES = {"till": Source(legal_basis="contract"), "web": Source(legal_basis="consent", purposes=("analytics",))}


def event(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "type": "touchline.touchpoint.v1",
        "id": f"visit-{number}",
        "source": "till",
        "time": "2026-03-01T10:00:00+01:00",
        "persons": [{"type": "loyalty", "key": PERSON}],
        "touchpoint": "store_visit",
        **fields,
    }


def entry(offset: int = 1, reason: str = "unknown_source", **fields: Any) -> Entry:
    given: dict[str, Any] = {
        "received_us": RECEIVED_US,
        "received_at": NOW,
        "stored_at": NOW,
        "source": "till",
        "event_id": f"visit-{offset}",
    }
    kept: dict[str, Any] = {"field": "source", "cipher_key_id": "c1", "sealed_bytes": 100}
    return Entry(stream=STREAM, offset=offset, reason=reason, **(given | kept | fields))


def kept(value: object, offset: int = 1, **fields: Any) -> Kept:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Kept(entry(offset, **fields), State.KEPT, raw)


def judge(sources: Mapping[str, Source] = SOURCES) -> Judge:
    return Judge(sources, "UTC", CIPHER)


class Crash(Exception):
    """The process dies here."""


class World:
    """A ledger, a worker that follows at once, and Kafka. It crashes at the given step of a replay: send, fates or settle."""

    def __init__(self, refusing: frozenset[str] = frozenset()) -> None:
        self.records: list[Version] = []
        self.fate_of: dict[Place, ReplayFate] = {}
        self.versions: set[Version] = set()
        self.settlements: list[Settlement] = []
        self.refusing = refusing
        """Ids that the worker, with its older configuration, still refuses."""
        self.refusal = ReplayFate("quarantined", "unknown_source", "source")
        self.crash_at = ""
        self.is_worker_up = True

    def send(self, records: Sequence[tuple[Mended, Entry]]) -> list[Place | Unmendable | None]:
        places: list[Place | Unmendable | None] = []
        for number, (mended, _) in enumerate(records):
            if self.crash_at == "send" and number == len(records) // 2:
                raise Crash
            place = (STREAM, 1_000 + len(self.records))
            self.records.append(mended.version)
            places.append(place)
            if self.is_worker_up:
                self.fate_of[place] = self._store(mended.version)
        return places

    def _store(self, version: Version) -> ReplayFate:
        if version[1] in self.refusing:
            return self.refusal
        fate = "duplicate" if version in self.versions else "stored"
        self.versions.add(version)
        return ReplayFate(fate, "", "")

    def standing(self, versions: Sequence[Version]) -> set[Version]:
        return self.versions & set(versions)

    def fates(self, places: Sequence[Place]) -> Mapping[Place, ReplayFate]:
        if self.crash_at == "fates":
            raise Crash
        return {place: self.fate_of[place] for place in places if place in self.fate_of}

    def settle(self, settlements: Sequence[Settlement]) -> None:
        if self.crash_at == "settle" and settlements:
            raise Crash
        self.settlements += settlements

    @property
    def settled(self) -> set[Place]:
        return {(one.stream, one.offset) for one in self.settlements}

    def settled_as(self, outcome: SettledAs) -> list[Place]:
        return [(one.stream, one.offset) for one in self.settlements if one.outcome is outcome]

    def open(self, judged: Sequence[tuple[Kept, Judgement]]) -> list[tuple[Kept, Judgement]]:
        return [one for one in judged if (one[0].entry.stream, one[0].entry.offset) not in self.settled]
