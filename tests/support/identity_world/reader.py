"""What a reader sees of the store after every insert, and what must hold of it at any moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.support.identity_world.oracle import Row, rows_of
from tests.support.identity_world.plan import SECRET, Key
from tests.support.identity_world.said import Version, first_positions
from tests.support.identity_world.staging import Place
from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.columns import ATTACHED, default_of
from touchline.processors.ledger.ledger import ErasureRequest
from touchline.processors.ledger.rows import insert_of_row, partition_of_row
from touchline.processors.state.erasures import Erasures, anonymised
from touchline.processors.values.records import offset_of, partition_of, position_of

StoredRow = Mapping[str, Any]
MapVersion = tuple[str, int]
_DEFAULTS = {name: default_of(name) for name in ATTACHED}
_PERSON, _IDENTIFIER = ATTACHED.index("person"), ATTACHED.index("identifier")
_MAP = ATTACHED.index("map")
# A version goes forwards only; `claim` is a version that waits, `erased claim` one that was erased before it came.
_FORWARDS = {
    "claim": {"stored", "superseded", "quarantined", "duplicate", "erased"},
    "stored": {"superseded", "quarantined", "duplicate", "erased"},
    "quarantined": {"superseded", "erased"},
    "superseded": {"erased"},
    "duplicate": {"erased"},
    "erased claim": {"erased"},
}


class Violation(Exception):
    """The store shows what it never may."""


class Attached(NamedTuple):
    """A standing attached row."""

    row: Row
    stream: str


class Reader:
    """All that stands, kept row by row. `maps_now` tells which maps are shown and whether both hold the same events by now."""

    def __init__(
        self,
        said: Mapping[Place, Version],
        maps: Mapping[MapVersion, CompiledMap],
        faulty: Mapping[Key, int],
        home: Callable[[bytes], int],
        requests: Sequence[ErasureRequest] = (),
    ) -> None:
        self._said = said
        self._erasures = Erasures(SECRET)
        self._erasures.know(requests)
        self._real = {SECRET.hidden_id(*one.key): one.key[1] for one in said.values()}
        """By hidden id that of the event."""
        self._first = first_positions(said)
        self._maps = maps
        self._faulty = faulty
        self._home = home
        self.standing_maps: tuple[MapVersion, ...] = tuple(maps)[:1]
        self.is_switched = False
        self.fates: dict[Place, str] = {}
        self.cut: set[Place] = set()
        """Records whose events count on as nobody's."""
        self.received_in: dict[Place, int] = {}
        self._rows_of_place: Counter[Place] = Counter()
        self.stored: Counter[Key] = Counter()
        self.attached: dict[int, Attached] = {}
        self._by_person: dict[tuple[str, MapVersion], Counter[Row]] = defaultdict(Counter)
        self._by_identifier: Counter[str] = Counter()
        self.visible: Counter[tuple[Key, MapVersion]] = Counter()
        self._highest: dict[tuple[Key, MapVersion], tuple[int, int, int]] = {}
        self.links: Counter[tuple[Any, ...]] = Counter()
        self.handoffs: dict[str, tuple[int, int]] = {}
        self.claims: dict[int, Key] = {}
        self.marks: dict[int, StoredRow] = {}
        self.kinds: Counter[str] = Counter()
        self.clock = 0.0
        """In ticks, as whoever runs the workers sets it."""
        self.absences: list[float] = []
        self._gone: dict[tuple[Key, MapVersion], float] = {}
        self._off_journey: Counter[Key] = Counter()
        self._known: dict[tuple[str, MapVersion, frozenset[int]], set[Row]] = {}

    def persons_of(self, identifier: str) -> set[str]:
        """Those under whom events of the identifier stand."""
        return {str(values[_PERSON]) for (_, values), _ in self.attached.values() if values[_IDENTIFIER] == identifier}

    def holder(self, identifier: str) -> int:
        """The partition that may publish rows of the identifier."""
        known = self.handoffs.get(identifier)
        return self._home(identifier.encode()) if known is None else known[1]

    def apply(self, rows: Iterable[StoredRow]) -> None:
        """One insert. Partitions that share one do not know of each other, so each is as if the others had come before or after it.
        Raises Violation."""
        by_partition: dict[int, list[StoredRow]] = defaultdict(list)
        for row in rows:
            by_partition[_partition(row)].append(row)
        for partition, own in by_partition.items():
            self._apply(partition, own)

    def _apply(self, partition: int, rows: Sequence[StoredRow]) -> None:
        by_kind: dict[str, list[StoredRow]] = defaultdict(list)
        for row in rows:
            by_kind[row["kind"]].append(row)
            self.kinds[row["kind"]] += 1
        self._apply_fates(partition, by_kind["received"])
        self._apply_attached(partition, by_kind["attached"])
        self._apply_handoffs(partition, by_kind["handoff"])
        for kind in ("link", "unlink"):
            for row in by_kind[kind]:
                self.links[_link_of(row)] += row["sign"]
        for row in by_kind["claim"]:
            if row["sign"] > 0:
                self.claims[row["row_id"]] = (row["source"], row["event_id"])
            elif self.claims.pop(row["row_id"], None) is None:
                raise Violation(f"a claim of {row['event_id']} is retracted twice")
        for row in by_kind["mark"]:
            self._apply_mark(partition, row)

    def _apply_fates(self, partition: int, rows: Sequence[StoredRow]) -> None:
        touched, before = set(), {}
        for row in sorted(rows, key=lambda row: int(row["sign"])):
            if partition_of_row(row["row_id"]) != partition:
                raise Violation(f"partition {partition} moves a fate of partition {partition_of_row(row['row_id'])}")
            place, fate = (partition, row["offset"]), _fate(row)
            key = self._key_of(row["source"], row["event_id"])
            touched.add((place, key))
            self._rows_of_place[place] += row["sign"]
            self.stored[key] += row["sign"] * (fate == "stored")
            self._off_journey[key] += row["sign"] * (fate == "stored" and "action" in self._said[place].event)
            if row["sign"] < 0:
                before[place] = self.fates.pop(place, "nothing")
                if before[place] != fate:
                    raise Violation(f"the fate {fate} of {place} is retracted, which is {before[place]}")
            else:
                self.fates[place] = fate
                if fate in ("stored", "claim") and row["event_id"] in self._real:
                    self.cut.add(place)
                self.received_in.setdefault(place, insert_of_row(row["row_id"]))
        for place, key in touched:
            if self._off_journey[key]:  # it comes back when it is none of that any more
                self._gone = {gone: at for gone, at in self._gone.items() if gone[0] != key}
            if self._rows_of_place[place] != 1:
                raise Violation(f"the record {place} has {self._rows_of_place[place]} fates")
            if self._said[place].key != key:
                raise Violation(f"the record {place} is no version of {key}")
            is_cut = place in self.cut and before.get(place) in ("stored", "claim")
            if place in before and not is_cut and self.fates[place] not in _FORWARDS.get(before[place], set()):
                raise Violation(f"version {place} of {key[1]} goes from {before[place]} to {self.fates[place]}")
            if self.stored[key] > self._faulty.get(key, 1):
                raise Violation(f"{self.stored[key]} versions of {key[1]} are stored")

    def _apply_attached(self, partition: int, rows: Sequence[StoredRow]) -> None:
        touched: set[tuple[Key, MapVersion]] = set()
        persons: set[tuple[str, MapVersion]] = set()
        for row in sorted(rows, key=lambda row: int(row["sign"])):
            values = tuple([row.get(name, default) for name, default in _DEFAULTS.items()])
            position = position_of(row.get("record_partition", 0), row["offset"])
            place = (partition_of(position), offset_of(position))
            identifier = str(values[_IDENTIFIER])
            holder = self.holder(identifier) if identifier else place[0]
            if holder != partition:
                raise Violation(f"partition {partition} writes rows of an identifier that partition {holder} holds")
            version = self._said[place]
            shown: MapVersion = (str(values[_MAP]), int(str(values[_MAP + 1])))
            person = (str(values[_PERSON]), shown)
            self._by_identifier[identifier] += row["sign"]
            self._by_person[person][position, values] += row["sign"]
            self.visible[version.key, shown] += row["sign"]
            touched.add((version.key, shown))
            persons.add(person)
            if row["sign"] > 0:
                self.attached[row["row_id"]] = Attached((position, values), row["stream"])
                self._never_back(version, shown)
            elif (known := self.attached.pop(row["row_id"], None)) is None or known.row != (position, values):
                raise Violation(f"a row of {version.key[1]} is retracted that does not stand")
        for key, shown in touched:
            self._check_count(key, shown)
        for person in persons:
            self._check_person(*person)

    def _never_back(self, version: Version, shown: MapVersion) -> None:
        highest = self._highest.get((version.key, shown), version.rank)
        if version.rank < highest and version.key not in self._faulty:
            raise Violation(f"{version.key[1]} went back to a lesser version")
        self._highest[version.key, shown] = max(highest, version.rank)

    def _check_count(self, key: Key, shown: MapVersion) -> None:
        count = self.visible[key, shown]
        if not 0 <= count <= self._faulty.get(key, 1):
            raise Violation(f"{key[1]} counts {count} times under {shown}")
        if count == 0:
            if not self._off_journey[key]:  # by now it says who somebody is, and nothing else
                self._gone[key, shown] = self.clock
        elif (gone := self._gone.pop((key, shown), None)) is not None:
            self.absences.append(self.clock - gone)
        if self.is_switched:
            self.check_maps_agree([key])

    def check_maps_agree(self, keys: Iterable[Key] | None = None) -> None:
        """Every version of the map that stands holds the same events."""
        for key in {key for key, _ in self.visible} if keys is None else keys:
            if len({self.visible[key, one] for one in self.standing_maps}) > 1:
                raise Violation(f"{key[1]} differs between the versions of the map")

    def _check_person(self, person: str, shown: MapVersion) -> None:
        """A visible person is what follows from exactly the visible events of that person."""
        rows = self._by_person[person, shown]
        for row, count in list(rows.items()):
            if count == 0:
                del rows[row]
            elif count != 1:
                raise Violation(f"a row of {person[-8:]} stands {count} times")
        if shown not in self.standing_maps:  # nobody reads a map that was dropped
            return
        positions = frozenset(position for position, _ in rows)
        asked = (person, shown, positions)
        known = self._known.get(asked)
        if known is None:
            versions = [self._as_stored(partition_of(one), offset_of(one), person) for one in sorted(positions)]
            known = self._known[asked] = rows_of(person, versions, [self._maps[shown]])
        if Counter(map(self._as_seen, rows)) != Counter(map(self._as_seen, known)):
            raise Violation(f"person {person[-8:]} is a mix of two states under {shown}")

    def _as_stored(self, partition: int, offset: int, person: str) -> Version:
        version = self._said[partition, offset]
        is_cut = not person and bool(version.fact.identifier)
        return version._replace(fact=anonymised(version.fact, self._erasures)) if is_cut else version

    def _key_of(self, source: str, event_id: str) -> Key:
        return (source, self._real.get(event_id, event_id))

    def _as_seen(self, row: Row) -> Row:
        """Without what an answer takes from the event that it names, which may have changed a moment ago in another partition. Of one
        version in two partitions it does not matter which record stands first."""
        position, values = row
        named = self._said[partition_of(position), offset_of(position)].event.get("about", {})
        return (self._first[position], () if "event_id" in named else values)

    def _apply_handoffs(self, partition: int, rows: Sequence[StoredRow]) -> None:
        for row in rows:
            identifier, number = row["identifier"], row["handoff_number"]
            if row["sign"] < 0 or self.holder(identifier) != partition:
                raise Violation(f"partition {partition} gives away what partition {self.holder(identifier)} holds")
            known = self.handoffs.get(identifier)
            if known is not None and number != known[0] + 1:
                raise Violation(f"handoff {number} follows {self.handoffs.get(identifier)}")
            if self._by_identifier[identifier]:
                raise Violation(f"{self._by_identifier[identifier]} rows stand of an identifier that is given away")
            self.handoffs[identifier] = (number, row.get("handoff_to", 0))

    def _apply_mark(self, partition: int, mark: StoredRow) -> None:
        before = self.marks.get(partition)
        first, last = mark.get("first_offset", 0), mark.get("offset", 0)
        following = 0 if before is None else before.get("offset", 0) + 1
        number = 0 if before is None else before["insert_number"]
        if first != following or mark["insert_number"] != number + 1:
            raise Violation(f"the mark of partition {partition} accounts for {first} and not {following}")
        for offset in range(first, last + 1):
            if self._rows_of_place[partition, offset] != 1:
                raise Violation(f"the record {(partition, offset)} has no fate")
        for stream, read in ({} if before is None else before.get("cursors", {})).items():
            if mark.get("cursors", {}).get(stream, 0) < read:
                raise Violation(f"partition {partition} has read less of {stream} than before")
        self.marks[partition] = mark


def _partition(row: StoredRow) -> int:
    return int(row["stream"].rpartition("/")[2])


def _fate(row: StoredRow) -> str:
    if row.get("reason") != "claim":
        return str(row["fate"])
    return "erased claim" if row["fate"] == "erased" else "claim"


def _link_of(row: StoredRow) -> tuple[Any, ...]:
    names = (
        "kind",
        "event_time",
        "source",
        "event_id",
        "identifier",
        "identifier_type",
        "linked_identifier",
        "linked_identifier_type",
    )
    return tuple(row[name] for name in names)
