"""A ledger in memory for `touchline care`, with senders that repeat, correct, take back and merge, kills between any two effects of the
process, sinks that fail, and a folder that may be lost. A schedule is a function of its seed.

The product's own desk, store and queues run in it; only ClickHouse, Kafka and the sinks' other sides are made up.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from touchline.care.cases import wanted_cases
from touchline.care.desk import CareDesk
from touchline.care.facts import CareFact, Granted, PersonFacts
from touchline.care.reader import INSERTS_AT_ONCE, Changed, Cursor, Event, News, Standing
from touchline.care.rules import CareRules
from touchline.care.sinks.model import Sink
from touchline.care.sinks.queue import SinkQueue
from touchline.care.store import CareStore, Kept
from touchline.schemas.times import parse_time
from touchline.sinks.again import NotTaken

HOUR_US: Final = 3_600_000_000
SINKS: Final = ("desk", "crm")
PERSONS: Final = ("k1:a", "k1:b", "k1:c")
RULES: Final = CareRules.model_validate(
    {
        "version": 1,
        "rules": [
            {"id": "detractor", "answer": {"kpi": "nps", "scored": "bad"}, "contact_within_hours": 24},
            {"id": "waits", "event": {"touchpoint": "hotline"}, "in_a_row": 2},
            {"id": "loop", "event": {"touchpoint": "hotline"}, "repeated": 3, "within_hours": 6},
            {"id": "stands", "overdue": {"stage": "choice", "after_hours": 5}},
        ],
        "sinks": [{"id": name, "kafka": {"topic": name}, "attempts": 100} for name in SINKS],
    }
)


class Killed(Exception):
    """The process is gone; what was on the disk or handed over stays."""


class Insert(NamedTuple):
    """What one insert of the ledger says has changed."""

    identifiers: frozenset[str] = frozenset()
    events: frozenset[Event] = frozenset()
    of_cases: frozenset[str] = frozenset()


class World:
    """The ledger: facts by identifier, who is who, statements of consent, events of cases."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now_us = 1_000 * HOUR_US
        self.facts: dict[Event, tuple[str, CareFact]] = {}
        self.person_of = {key: key for key in PERSONS}
        self.consents: dict[str, list[Granted]] = {}
        self.streams: dict[str, list[Insert]] = {"a": [], "b": []}
        self.sent: list[dict[str, Any]] = []
        """Events of cases that are safe, and not yet stored."""
        self.cases: dict[str, dict[str, Any]] = {}
        self.until_kill: int | None = None

    def effect(self) -> None:
        """Stands before and after everything that the process does to the world."""
        if self.until_kill is not None:
            self.until_kill -= 1
            if self.until_kill < 0:
                self.until_kill = None
                raise Killed

    def say(self, insert: Insert) -> None:
        self.random.choice(list(self.streams.values())).append(insert)

    # What the desk reads.
    def newest(self) -> Cursor:
        self.effect()
        return {name: len(inserts) for name, inserts in self.streams.items()}

    def news(self, since: Mapping[str, int]) -> News:
        newest = self.newest()
        until = {name: min(last, since.get(name, 0) + INSERTS_AT_ONCE) for name, last in newest.items()}
        new = [one for name, last in until.items() for one in self.streams[name][since.get(name, 0) : last]]
        changed = Changed(*(frozenset().union(*parts) for parts in zip(*new, strict=True))) if new else Changed()
        return News(changed, until, until != newest)

    def persons(self, identifiers: Iterable[str]) -> dict[str, PersonFacts]:
        self.effect()
        wanted = {self.person_of[one] for one in identifiers}
        return {name: one for name, one in self.everybody().items() if name in wanted}

    def holders(self, events: Collection[Event]) -> set[str]:
        self.effect()
        return {self.facts[one][0] for one in events if one in self.facts}

    def standing(self) -> dict[str, Standing]:
        self.effect()
        by_case: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in self.cases.values():
            by_case[event["case"]].append(event)
        return {case: _standing(events) for case, events in by_case.items()}

    def everybody(self) -> dict[str, PersonFacts]:
        """All persons, as the ledger has them now."""
        found: defaultdict[str, list[CareFact]] = defaultdict(list)
        for identifier, fact in self.facts.values():
            found[self.person_of[identifier]].append(fact)
        of = {name: [key for key in PERSONS if self.person_of[key] == name] for name in found}
        return {
            name: PersonFacts(
                self.random.sample(facts, len(facts)),
                [one for key in of[name] for one in self.consents.get(key, ())],
                [(key, "login") for key in of[name]],
            )
            for name, facts in found.items()
        }

    # What the desk writes.
    def post(self, events: Sequence[dict[str, Any]]) -> None:
        for event in events:
            self.effect()
            self.sent.append(event)
        self.effect()

    def store_some(self, number: int) -> None:
        """Some of what is safe comes to the ledger, in any order; of one id the first counts."""
        for _ in range(min(number, len(self.sent))):
            event = self.sent.pop(self.random.randrange(len(self.sent)))
            if self.random.random() < 0.1:
                self.sent.append(event)
            if event["id"] not in self.cases:
                self.cases[event["id"]] = event
                self.say(Insert(of_cases=frozenset((event["id"],))))

    def wanted(self) -> set[str]:
        """The cases that there are to be, by one pass over all facts."""
        return {case for one in self.everybody().values() for case in wanted_cases(one, RULES, self.now_us)}


def _standing(events: Sequence[dict[str, Any]]) -> Standing:
    newest = max(events, key=lambda one: (_number(one), one["time"]))
    first = min(events, key=lambda one: one["time"])
    about, person = first["about"], next(one["persons"][0] for one in events if one["persons"])
    return Standing(
        first["case"], first["rule"], first["rule_version"], about["source"], about["event_id"], person["key"], person["type"],
        about["touchpoint"], _number(newest), max(parse_time(one["time"]) for one in events), False, newest["state"] != "lapsed",
    )  # fmt: skip


def _number(event: dict[str, Any]) -> int:
    return 0 if event["state"] == "opened" else int(event["id"].split("/")[2])


class KillableStore(CareStore):
    """The store, whose process may be gone before and after each write."""

    world: World

    def keep(self, look: Kept, now_us: int) -> int:
        self.world.effect()
        told = super().keep(look, now_us)
        self.world.effect()
        return told

    def posted(self, up_to: int) -> None:
        self.world.effect()
        super().posted(up_to)
        self.world.effect()

    def delivered(self, sink: str, keys: Iterable[str], now_us: int) -> None:
        self.world.effect()
        super().delivered(sink, keys, now_us)


class OtherSide:
    """A sink's other side, which may be away, and notes what it was told."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_away = False
        self.told: Counter[str] = Counter()

    async def __call__(self, key: str, body: Mapping[str, Any]) -> None:
        if self.is_away or (self.world.until_kill is not None and self.world.random.random() < 0.1):
            raise NotTaken("away")
        assert body["id"] == key
        self.told[key] += 1

    async def close(self) -> None:
        """Nothing to close."""


class Process:
    """`touchline care`: what of it lives in memory, over the folder that stays."""

    desk_type: type[CareDesk] = CareDesk
    store_type: type[KillableStore] = KillableStore

    def __init__(self, world: World, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.world = world
        self.folder = folder
        self.loop = loop
        self.sides = {name: OtherSide(world) for name in SINKS}
        self.draw = random.Random(0).random
        self.kills = self.losses = 0
        self.excused: set[str] = set()
        """Alerts that waited in a folder that was lost."""
        self.store = self._open()
        self.desk: CareDesk | None = None

    def _open(self) -> KillableStore:
        store = self.store_type(self.folder)
        store.world = self.world
        return store

    def guarded(self, work: Callable[[], None]) -> None:
        """Runs a part of the process; a kill leaves what is on the disk."""
        try:
            work()
        except Killed:
            self.kills += 1
            self.store.close()
            self.desk, self.store = None, self._open()

    def look(self) -> bool:
        """One look; whether it came to its end and found nothing."""
        if self.desk is None:
            sinks = {name: frozenset(("recovery",)) for name in SINKS}
            self.desk = self.desk_type(
                self.world, self.store, self.world.post, RULES, sinks, lambda _at, _in: {}, "care", lambda: self.world.now_us
            )  # fmt: skip
        return not self.desk.look().changes

    def deliver(self, name: str) -> bool:
        """One turn of a sink; whether anything was due."""

        async def stored(work: Callable[[CareStore], Any]) -> Any:
            return work(self.store)

        sink = next(one for one in RULES.sinks if one.id == name)
        queue = SinkQueue(Sink.model_validate(sink), self.sides[name], stored, lambda: self.world.now_us, self.draw)
        return self.loop.run_until_complete(queue.deliver_due())

    def lose_folder(self) -> None:
        """The disk is gone: alerts that waited there, and what was not posted. Events that are safe stay."""
        self.losses += 1
        for name in SINKS:
            self.excused |= {one.key for one in self.store.waiting(name, 1 << 60, 1_000_000)}
        self.store.close()
        shutil.rmtree(self.folder)
        self.desk, self.store = None, self._open()
