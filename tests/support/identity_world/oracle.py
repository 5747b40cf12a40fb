"""What the tables must hold at the end: one pass over the sorted set of events, by code of its own.

Versions: of each event the last in their order. Identity: every pair of identifiers, then union-find. Of the worker's code only what
attaches the events of one person from their beginning is used, and what an answer takes from the event that it names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.support.identity_world.plan import Key, is_covered, is_erased
from tests.support.identity_world.said import Id, Version
from tests.support.identity_world.staging import Place
from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.ledger import ErasureRequest, OccasionRow
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
    """`counting` are the versions that count, `fates` those of all records that are not erased, `rows` what is attached, `components` by
    identifier the smallest one of those that are led together."""

    counting: dict[Key, Version]
    fates: dict[Place, str]
    rows: set[Row]
    links: Counter[tuple[Any, ...]]
    components: dict[Id, Id]
    hubs: set[Id]


def expected_of(
    said: Mapping[Place, Version],
    maps: Sequence[CompiledMap],
    neighbours_max: int,
    requests: Sequence[ErasureRequest] = (),
) -> Expected:
    """The tables of all records. Whose best version is of somebody who is erased counts for nobody; links with such are said no more."""
    best, erased = counting_of(said.values()), list(requests)
    said = {place: version for place, version in said.items() if not is_covered(version.event, erased)}
    counting = {key: version for key, version in best.items() if not is_covered(version.event, erased)}
    links = links_of(counting.values(), requests)
    joined, hubs = joined_pairs(links, neighbours_max)
    ids = {one for version in said.values() for one in version.ids}
    components = united(ids, joined)
    by_all = groups_of(links, joined, ids)
    in_force = links_in_force(counting.values(), links, joined, components, by_all)
    persons = persons_of(counting.values(), in_force, {pair for pair in joined if in_force.times(pair)}, ids)
    persons = {person: permitted_of(events, counting.values(), by_all) for person, events in persons.items()}
    persons[""] = [one for one in counting.values() if not one.ids]
    plain = {row for person, events in persons.items() for row in rows_of(person, events, maps)}
    zones = {position_of(*one.place): one.fact.zone for one in counting.values()}
    occasions = occasions_of(OccasionRow(0, position, zones[position], values) for position, values in plain)
    rows = {row for person, events in persons.items() for row in rows_of(person, events, maps, occasions)}
    stated = Counter(row for one in counting.values() for row in stated_rows(one, requests))
    return Expected(counting, fates_of(said, best), rows, stated, components, hubs)


def counting_of(versions: Iterable[Version]) -> dict[Key, Version]:
    """Of each event the version that counts, where it was received first."""
    best: dict[Key, Version] = {}
    for version in sorted(versions, key=lambda one: one.place, reverse=True):
        known = best.get(version.key)
        if known is None or version.rank >= known.rank:
            best[version.key] = version
    return best


def fates_of(said: Mapping[Place, Version], counting: Mapping[Key, Version]) -> dict[Place, str]:
    """The fate of each record beside the versions that count, or would if they were not erased."""
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


def stated_rows(version: Version, requests: Sequence[ErasureRequest] = ()) -> list[tuple[Any, ...]]:
    """The rows of links that it states."""
    kind, fact = kind_of_link(version), version.fact
    return [
        (kind, fact.event_time, *version.key, version.ids[0][1], version.ids[0][0][1], other[1], other[0][1])
        for other in others_of(version)
        if not is_erased(other[1], fact.event_time, list(requests))
    ]


def links_of(counting: Iterable[Version], requests: Sequence[ErasureRequest] = ()) -> Links:
    """What all versions that count say."""
    links = Links(defaultdict(set), {})
    for version in counting:
        time_us = version.fact.event_time
        for other in others_of(version):
            pair = frozenset((version.ids[0], other))
            if APART in (version.ids[0][0][1], other[0][1]) or is_erased(other[1], time_us, list(requests)):
                continue  # it merges nobody, or with somebody who is gone
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
    label, logins = groups_of(links, joined, ids)
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


Groups = tuple[dict[Id, Id], dict[Id, dict[int, Id]]]
"""By identifier those who know each other, and of devices those that are one; and of the latter who has them from when on."""


def groups_of(links: Links, joined: Iterable[frozenset[Id]], ids: Collection[Id]) -> Groups:
    """Who belongs together by these links."""
    kinds: dict[int, list[frozenset[Id]]] = {0: [], 1: [], 2: []}
    for pair in joined:
        kinds[sum(map(is_device, pair))].append(pair)
    label = united(ids, [*kinds[0], *kinds[2]])
    logins: dict[Id, dict[int, Id]] = defaultdict(dict)
    for pair in kinds[1]:
        device, other = sorted(pair, key=is_device, reverse=True)
        of_group = logins[label[device]]
        for time_us in links.times(pair):
            of_group[time_us] = min(label[other], of_group.get(time_us, label[other]))
    return label, logins


def whose(one: Id, time_us: int, groups: Groups) -> Id:
    """To whom an event of the identifier at that time belongs."""
    label, logins = groups
    return of_moment(logins[label[one]], time_us) if label[one] in logins else label[one]


def links_in_force(
    counting: Collection[Version],
    links: Links,
    joined: set[frozenset[Id]],
    components: Mapping[Id, Id],
    by_all: Groups,
) -> Links:
    """The links without those under a withdrawn consent, moment by moment: of each the persons as the links before it leave them, of its
    grant as all leave them."""
    kept = Links(defaultdict(set), links.unlinked)
    stating = [one for one in counting if len(one.ids) > 1 and kind_of_link(one) == "link"]
    for time_us in sorted({time_us for pair in joined for time_us in links.times(pair)}):
        before = groups_of(kept, [pair for pair in joined if kept.times(pair)], by_all[0])
        for pair in [pair for pair in joined if time_us in links.times(pair)]:
            ends = sorted(pair, key=is_device)
            persons = {whose(one, time_us, before) for one in ends}
            if is_device(ends[1]) and not is_device(ends[0]) and before[0][ends[1]] in before[1]:
                persons = {before[0][ends[0]]}
            told = [one for one in counting if one.ids and components[one.ids[0]] == components[ends[0]]]
            theirs = of_whom(persons, told, before)
            of_grant = of_whom({whose(one, time_us, by_all) for one in ends}, told, by_all)
            for one in stating:
                others = {frozenset((one.ids[0], other)) for other in others_of(one)}
                if one.fact.event_time == time_us and pair in others:
                    states = (
                        state_at(one, theirs, "profiling", told),
                        state_at(one, naming(one, of_grant), "profiling", told),
                    )
                    if "consent" not in one.event or "withdrawn" not in states:
                        kept.linked[pair].add(time_us)
    return kept


def permitted_of(versions: Sequence[Version], counting: Collection[Version], by_all: Groups) -> list[Version]:
    """The events of one person that no withdrawal ended: statement by statement, for each event anew. That of a grant holds as far as all
    links lead."""

    def is_permitted(one: Version) -> bool:
        of_grant = of_whom({whose(one.ids[0], one.fact.event_time, by_all)}, counting, by_all)
        states = (
            state_at(one, versions, "analytics", versions),
            state_at(one, naming(one, of_grant), "analytics", of_grant),
        )
        return "withdrawn" not in states

    return [one for one in versions if "state" in one.event or is_permitted(one)]


def of_whom(persons: Collection[Id], counting: Iterable[Version], groups: Groups) -> list[Version]:
    """The events of these persons."""
    return [one for one in counting if one.ids and whose(one.ids[0], one.fact.event_time, groups) in persons]


def naming(version: Version, others: Iterable[Version]) -> list[Version]:
    """Those that name the consent that the version names."""
    return [one for one in others if one.fact.consent_id == version.fact.consent_id]


def state_at(version: Version, stating: Iterable[Version], purpose: str, told: Iterable[Version]) -> str:
    """What the statements among these say of the purpose at the time of the version; `told` tell for what grants stand."""
    stands_for = {one.fact.consent_id for one in told if _is_for(purpose, one)}
    state = "granted"
    stated = [one for one in stating if "state" in one.event and one.event["effective_at"] <= version.event["time"]]
    for one in sorted(stated, key=lambda one: (one.event["effective_at"], one.event["state"])):
        if _is_about(purpose, one, stands_for):
            state = one.event["state"]
    return state


def _is_about(purpose: str, statement: Version, stands_for: Collection[str]) -> bool:
    purposes = statement.event["purposes"]
    return purpose in purposes or (not purposes and statement.fact.consent_id in stands_for)


def _is_for(purpose: str, version: Version) -> bool:
    return purpose in version.fact.purposes and version.event.get("state") != "withdrawn"


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
