"""A few partitions that read each other late: a small simulation of how versions of events find their fates through `decide`.

Each partition takes records and has turns; between any two steps of one the others go on. What a partition reads and writes is written
plainly here, without the pipeline, so that the rules are held to their promise: at no moment two stored versions of an event, or two rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from touchline.identity.links import Event
from touchline.identity.passed import LedgerPosition, passed
from touchline.identity.watch import Decided, Fate, Rules, Standing, decide, needs_look
from touchline.identity.watchlist import WatchList

Content = tuple[int, int]
"""(revision, payload hash)"""


class Version(NamedTuple):
    """One version; `home` is the partition to which its key hashes."""

    event: Event
    content: Content
    key: str
    home: int


def beaten_by(winner: Content, beaten: Content) -> Fate:
    if beaten == winner:
        return Fate.DUPLICATE
    return Fate.SUPERSEDED if beaten[0] < winner[0] else Fate.CONFLICT


def winner_of(contents: Iterable[Content]) -> Content:
    return min(contents, key=lambda content: (-content[0], content[1]))


RULES: Rules[Content] = Rules(winner_of, beaten_by)
Positions = Collection[LedgerPosition]
Decide = Callable[[int, Sequence[Standing[Content]], Positions, Positions, Rules[Content]], Decided]


class Violated(Exception):
    """A promise was broken."""


class Insert:
    """All rows that one partition stores at once."""

    def __init__(self) -> None:
        self.fates: dict[Version, Fate] = {}
        self.feed: list[tuple[str, Event, str]] = []
        self.published: list[tuple[int, Version]] = []
        self.cursors: dict[int, int] = {}
        self.queued = 0


class Store:
    """All that was inserted, as everybody can read it at once."""

    def __init__(self, partitions: int, homes_of: dict[Event, int]) -> None:
        self.partitions = range(partitions)
        self.homes_of = homes_of
        self.log: list[list[Insert]] = [[] for _ in self.partitions]
        self.standing: defaultdict[Event, dict[Version, tuple[Fate, LedgerPosition]]] = defaultdict(dict)
        self.waiting: defaultdict[Event, set[LedgerPosition]] = defaultdict(set)
        self.releases: defaultdict[Event, set[LedgerPosition]] = defaultdict(set)
        self.rows: list[set[Version]] = [set() for _ in self.partitions]

    def marks(self) -> dict[int, dict[int, int]]:
        return {one: self.log[one][-1].cursors for one in self.partitions if self.log[one]}

    def insert(self, own: int, new: Insert) -> None:
        self.log[own].append(new)
        position = LedgerPosition(own, len(self.log[own]))
        for version, fate in new.fates.items():
            self.standing[version.event][version] = (fate, position)
        for kind, event, _ in new.feed:
            if kind in ("claim", "release"):
                self.waiting[event].add(position)
            if kind == "release":
                self.releases[event].add(position)
        for sign, version in new.published:
            (self.rows[own].add if sign > 0 else self.rows[own].remove)(version)
        for event in {version.event for version in new.fates} | {version.event for _, version in new.published}:
            self._hold_to_promises(event)

    def _hold_to_promises(self, event: Event) -> None:
        most = self.homes_of.get(event, 1)
        if sum(fate is Fate.STORED for fate, _ in self.standing[event].values()) > most:
            raise Violated(f"several versions of {event} are stored")
        if sum(version.event == event for rows in self.rows for version in rows) > most:
            raise Violated(f"{event} has several rows")


class Partition:
    """One writer. `steps` yields wherever others may go on in between."""

    def __init__(
        self, own: int, store: Store, queue: Sequence[Version], holders: dict[str, int], decide: Decide
    ) -> None:
        self.own, self.store, self.queue, self.holders, self.decide = own, store, queue, holders, decide
        self.is_idle = False

    def restarted(self) -> None:
        """Read anew what is not stored as such."""
        log = self.store.log[self.own]
        self.cursors = dict(log[-1].cursors) if log else {}
        self.next = log[-1].queued if log else 0
        self.met = {version.event for insert in log for version in insert.fates}
        open_here = {
            version.event
            for standing in self.store.standing.values()
            for version, (fate, _) in standing.items()
            if fate is Fate.CLAIM and version.event in self.met
        }
        self.watching = WatchList(open_here)
        for event, positions in self.store.waiting.items():
            if any(insert <= self.cursors.get(partition, 0) for partition, insert in positions):
                self.met.add(event)

    def steps(self, random: Random) -> Iterator[None]:
        self.restarted()
        while True:
            yield
            if self.next < len(self.queue) and random.random() < 0.6:
                yield from self._take_records(random.randint(1, 3))
            else:
                yield from self._turn(random)

    def _holds(self, key: str) -> bool:
        return self.holders[key] == self.own

    def _known(self, event: Event, new: Insert) -> dict[Version, Fate]:
        known = {version: fate for version, (fate, _) in self.store.standing[event].items()}
        return known | {version: fate for version, fate in new.fates.items() if version.event == event}

    def _take_records(self, count: int) -> Iterator[None]:
        new = Insert()
        taken = self.queue[self.next : self.next + count]
        yield
        for version in taken:
            fate = self._fate_on_arrival(version, new)
            if fate is not None:
                new.fates[version] = fate
            self.met.add(version.event)
        for version, fate in new.fates.items():
            if fate is Fate.CLAIM:
                new.feed.append(("claim", version.event, ""))
        self.next += len(taken)
        yield from self._insert(new, set())

    def _fate_on_arrival(self, version: Version, new: Insert) -> Fate | None:
        if version.event not in self.met:
            return Fate.CLAIM if version.content[0] else Fate.STORED
        known = self._known(version.event, new)
        standing = {one: fate for one, fate in known.items() if fate is not Fate.DUPLICATE}
        if version in known or any(one.content == version.content for one in standing):
            return None
        best = winner_of([one.content for one in standing] + [version.content])
        if best != version.content:
            return beaten_by(best, version.content)
        if not standing and not version.content[0]:
            return Fate.STORED
        mine = [one for one in standing if one.home == self.own]
        in_place = [
            one
            for one in mine
            if standing[one] is Fate.STORED
            and (one.key == version.key or (self._holds(one.key) and self._holds(version.key)))
        ]
        for one in mine:
            if standing[one] is not Fate.STORED or in_place:
                new.fates[one] = beaten_by(version.content, one.content)
        if in_place:
            if version.event in self.watching:
                new.feed.append(("look", version.event, "released"))
            return Fate.STORED
        return Fate.CLAIM

    def _turn(self, random: Random) -> Iterator[None]:
        store, new = self.store, Insert()
        reached = {one: len(store.log[one]) for one in store.partitions}
        again, dirty, must_mark = set(), set(), False
        for one in store.partitions:
            for number in range(self.cursors.get(one, 0), reached[one]):
                for kind, event, text in store.log[one][number].feed:
                    if kind in ("claim", "release"):
                        must_mark = True
                        if kind == "claim":
                            if event in self.met:
                                self.watching.watch(event)
                            self.met.add(event)
                        self.watching.hear(event, LedgerPosition(one, number + 1))
                    elif kind == "look" and event in (self.met if text == "found" else self.watching):
                        again.add(event)
                    elif kind == "away" and self._holds(text):
                        dirty.add(text)
        yield
        marks = store.marks() | {self.own: reached}
        is_passed = passed(self.watching.positions(), store.partitions, marks)
        looked = []
        for event in sorted({*self.watching.due(is_passed), *again}):
            yield
            waiting = store.waiting[event]
            passed_here = passed({*waiting, *(at for _, at in store.standing[event].values())}, store.partitions, marks)
            standings = [
                (version, Standing(version.content, fate, at, self._holds(version.key)))
                for version, (fate, at) in store.standing[event].items()
                if fate is not Fate.DUPLICATE
            ]
            seen = [one for _, one in standings]
            found = self.decide(self.own, seen, store.releases[event], passed_here, RULES)
            new.fates |= {standings[number][0]: fate for number, fate in found.moved.items()}
            if found.must_release:
                new.feed.append(("release", event, ""))
            if found.must_look:
                new.feed.append(("look", event, "released"))
            looked.append((event, set(waiting), passed_here, found.is_watched))
        if random.random() < 0.1:
            for event in sorted(store.standing):
                standing = [
                    Standing(version.content, fate, at)
                    for version, (fate, at) in store.standing[event].items()
                    if fate is not Fate.DUPLICATE
                ]
                if needs_look(standing, RULES):
                    new.feed.append(("look", event, "found"))
        self.is_idle = reached == self.cursors and not new.feed and not new.fates and self.next == len(self.queue)
        self.cursors = reached
        if new.feed or new.fates or dirty or must_mark:
            yield from self._insert(new, dirty)
        for event, positions, passed_here, is_watched in looked:
            self.watching.looked(event, positions, passed_here, is_watched)

    def _insert(self, new: Insert, dirty: set[str]) -> Iterator[None]:
        before = {version: fate for version, (fate, _) in self._all()}
        for version, fate in new.fates.items():
            if Fate.STORED in (fate, before.get(version)) and fate is not before.get(version):
                if self._holds(version.key):
                    dirty = dirty | {version.key}
                else:
                    new.feed.append(("away", version.event, version.key))
        stands = before | new.fates
        wanted = {one for one, fate in stands.items() if fate is Fate.STORED and one.key in dirty}
        has = {one for one in self.store.rows[self.own] if one.key in dirty}
        new.published = [(-1, one) for one in has - wanted] + [(1, one) for one in wanted - has]
        new.cursors, new.queued = dict(self.cursors), self.next
        yield
        self.store.insert(self.own, new)

    def _all(self) -> Iterator[tuple[Version, tuple[Fate, LedgerPosition]]]:
        for standing in self.store.standing.values():
            yield from standing.items()


def run(seed: int, decide: Decide = decide) -> tuple[Store, list[Version]]:
    """Make versions, holders and a schedule from the seed, and go on until nothing more happens. Raises Violated."""
    random = Random(seed)
    count = random.choice((2, 2, 3, 4))
    keys = [f"k{number}" for number in range(random.randint(2, 4))]
    home = {key: random.randrange(count) for key in keys}
    holders = {key: random.randrange(count) for key in keys}
    versions: list[Version] = []
    homes_of: dict[Event, int] = {}
    for number in range(random.randint(1, 4)):
        event = ("shop", f"e{number}")
        plain: set[int] = set()
        for _ in range(random.randint(1, 5)):
            key, revision = random.choice(keys), random.choice((0, 0, 1, 1, 2))
            if not revision and plain and home[key] not in plain and random.random() < 0.7:
                revision = 1
            if not revision:
                plain.add(home[key])
            versions.append(Version(event, (revision, random.randrange(4)), key, home[key]))
        homes_of[event] = max(1, len(plain))
    versions = list(dict.fromkeys(versions))
    order = versions + random.choices(versions, k=random.choice((0, 2)))
    random.shuffle(order)
    store = Store(count, homes_of)
    writers = [
        Partition(own, store, [one for one in order if one.home == own], holders, decide) for own in range(count)
    ]
    running = [writer.steps(random) for writer in writers]
    restarts, quiet = random.choice((0, 0, 4)), 0
    for _ in range(20_000):
        own = random.randrange(count)
        if restarts and random.random() < 0.03:
            restarts -= 1
            running[own] = writers[own].steps(random)
        next(running[own])
        quiet = quiet + 1 if all(writer.is_idle for writer in writers) else 0
        if quiet > 60 * count:
            return store, versions
    raise Violated("it never comes to rest")
