"""What the tables must hold at the end: one pass over the sorted set of events, by code of its own.

Versions: of each event the last in their order. Identity: every pair of identifiers, then union-find. Of the worker's code only what
attaches the events of one person from their beginning is used, and what an answer takes from the event that it names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.support.identity_world.plan import Key
from tests.support.identity_world.said import Id, Version
from tests.support.identity_world.staging import Place
from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.ledger import OccasionRow
from touchline.processors.steps.follow import attached_rows, follow, follow_alone
from touchline.processors.steps.occasion import Occasions, occasions_of
from touchline.processors.values.records import Fact, position_of

DEVICES = ("device", "anonymous")
APART = "household"
PERSON = Fact._fields.index("person")

Row = tuple[int, tuple[Any, ...]]
"""(position of the record, values in the order of columns.ATTACHED)"""


class Links(NamedTuple):
    """Of each pair of identifiers when they were linked, and when last unlinked."""

    linked: dict[frozenset[Id], set[int]]
    unlinked: dict[frozenset[Id], int]

    def effective(self) -> set[frozenset[Id]]:
        """The pairs whose newest link is newer than every unlink."""
        return {pair for pair, times in self.linked.items() if max(times) > self.unlinked.get(pair, -1)}

    def times(self, pair: frozenset[Id]) -> list[int]:
        """The links of the pair that no unlink ended."""
        return sorted(time for time in self.linked[pair] if time > self.unlinked.get(pair, -1))


class Expected(NamedTuple):
    """`counting` are the versions that count, `fates` those of all records, `rows` what is attached, `components` by identifier the
    smallest one of those that are led together."""

    counting: dict[Key, Version]
    fates: dict[Place, str]
    rows: set[Row]
    links: Counter[tuple[Any, ...]]
    components: dict[Id, Id]
    hubs: set[Id]


def expected_of(said: Mapping[Place, Version], maps: Sequence[CompiledMap], neighbours_max: int) -> Expected:
    """The tables of all records."""
    counting = counting_of(said.values())
    links = links_of(counting.values())
    joined, hubs = joined_pairs(links, neighbours_max)
    ids = {one for version in said.values() for one in version.ids}
    components = united(ids, joined)
    persons = persons_of(counting.values(), links, joined, ids)
    persons[""] = [one for one in counting.values() if not one.ids]
    plain = {row for person, events in persons.items() for row in rows_of(person, events, maps)}
    zones = {position_of(*one.place): one.fact.zone for one in counting.values()}
    occasions = occasions_of(OccasionRow(0, position, zones[position], values) for position, values in plain)
    rows = {row for person, events in persons.items() for row in rows_of(person, events, maps, occasions)}
    stated = Counter(row for one in counting.values() for row in stated_rows(one))
    return Expected(counting, fates_of(said, counting), rows, stated, components, hubs)


def counting_of(versions: Iterable[Version]) -> dict[Key, Version]:
    """Of each event the version that counts, where it was received first."""
    best: dict[Key, Version] = {}
    for version in sorted(versions, key=lambda one: one.place, reverse=True):
        known = best.get(version.key)
        if known is None or version.rank >= known.rank:
            best[version.key] = version
    return best


def fates_of(said: Mapping[Place, Version], counting: Mapping[Key, Version]) -> dict[Place, str]:
    """The fate of each record."""
    fates: dict[Place, str] = {}
    met = set()
    for place in sorted(said):
        version = said[place]
        best = counting[version.key]
        if version.identity in met:
            fates[place] = "duplicate"
        elif version.identity == best.identity:
            fates[place] = "stored"
        elif version.revision < best.revision or 0 < version.completeness < best.completeness:
            fates[place] = "superseded"
        else:
            fates[place] = "quarantined"
        met.add(version.identity)
    return fates


def kind_of_link(version: Version) -> str:
    """What an event of several identifiers says of them."""
    return "unlink" if version.event.get("action") == "unlink" else "link"


def others_of(version: Version) -> list[Id]:
    """The identifiers that the event links with its first one."""
    return sorted({one for one in version.ids if one[1] != version.ids[0][1]}) if version.ids else []


def stated_rows(version: Version) -> list[tuple[Any, ...]]:
    """The rows of links that it states."""
    kind, fact = kind_of_link(version), version.fact
    return [
        (kind, fact.event_time, *version.key, version.ids[0][1], version.ids[0][0][1], other[1], other[0][1])
        for other in others_of(version)
    ]


def links_of(counting: Iterable[Version]) -> Links:
    """What all versions that count say."""
    links = Links(defaultdict(set), {})
    for version in counting:
        time_us = version.fact.event_time
        for other in others_of(version):
            pair = frozenset((version.ids[0], other))
            if APART in (version.ids[0][0][1], other[0][1]):
                continue  # it merges nobody
            if kind_of_link(version) == "link":
                links.linked[pair].add(time_us)
            else:
                links.unlinked[pair] = max(time_us, links.unlinked.get(pair, -1))
    return links


def joined_pairs(links: Links, neighbours_max: int) -> tuple[set[frozenset[Id]], set[Id]]:
    """The effective pairs of which no end is a hub, and the hubs."""
    effective = links.effective()
    degrees = Counter(one for pair in effective for one in pair)
    hubs = {one for one, degree in degrees.items() if degree > neighbours_max}
    return {pair for pair in effective if not pair & hubs}, hubs


def united(ids: Collection[Id], pairs: Iterable[frozenset[Id]]) -> dict[Id, Id]:
    """By identifier the smallest one that it can reach."""
    label = {one: one for one in ids}
    for pair in pairs:
        first, second = (label[one] for one in pair)
        smallest = min(first, second)
        label = {one: smallest if now in (first, second) else now for one, now in label.items()}
    return label


def persons_of(
    counting: Iterable[Version], links: Links, joined: set[frozenset[Id]], ids: Collection[Id]
) -> dict[str, list[Version]]:
    """The events of each person, by its key: the smallest identifier of those that belong to nobody else at any time."""
    kinds: dict[int, list[frozenset[Id]]] = {0: [], 1: [], 2: []}
    for pair in joined:
        kinds[sum(map(is_device, pair))].append(pair)
    label = united(ids, [*kinds[0], *kinds[2]])  # of those who know each other, and of devices among themselves
    logins: dict[Id, dict[int, Id]] = defaultdict(dict)
    for pair in kinds[1]:
        device, other = sorted(pair, key=is_device, reverse=True)
        of_group = logins[label[device]]
        for time_us in links.times(pair):
            of_group[time_us] = min(label[other], of_group.get(time_us, label[other]))
    names = {one: one for one in label.values()}
    for group, times in logins.items():
        if len(set(times.values())) == 1:
            (person,) = set(times.values())
            names[person] = min(names[person], group)
    found: dict[str, list[Version]] = defaultdict(list)
    for version in counting:
        if version.ids:
            group = label[version.ids[0]]
            person = of_moment(logins[group], version.fact.event_time) if group in logins else group
            found[names[person][1]].append(version)
    return found


def of_moment(logins: Mapping[int, Id], time_us: int) -> Id:
    """Whose a device is at a moment: of the last login at or before it, else of the first one."""
    before = [time for time in logins if time <= time_us]
    return logins[max(before) if before else min(logins)]


def is_device(one: Id) -> bool:
    """Whether several persons may use it one after another."""
    return one[0][1] in DEVICES


def rows_of(
    person: str, versions: Sequence[Version], maps: Sequence[CompiledMap], occasions: Occasions = MappingProxyType({})
) -> set[Row]:
    """The attached rows of a person whose events these are; of nobody, each event alone. Answers take from the occasions that they name."""
    placed = [(position_of(*one.place), one.fact._replace(person=person)) for one in versions]
    if not placed:
        return set()
    on_journey, by_map = (follow(placed, None, maps)[:2]) if person else follow_alone(placed, maps)
    return set(attached_rows(on_journey, by_map, maps, occasions))
