"""Reads who many identifiers are: for each the person to whom it leads, what belongs to that person, and why.

All that is asked for is read together, in a number of queries that does not grow with it but by parts of a thousand; what is of one is then
looked up by identifier. So a file of a thousand persons costs little more than one.

Why: docs/decisions/0187, docs/decisions/0191.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.identity.components import Components
from touchline.identity.links import History, Identifier, Newest, Pair
from touchline.identity.neighbourhood import components_around
from touchline.identity.persons import Persons, persons_of
from touchline.person.ask import ask_of_keys
from touchline.person.consent import links_by_consent
from touchline.person.evidence import SaidRow, evidence_of, history_of, identifier_of, moment_of
from touchline.person.published import Standing
from touchline.person.values import Belonging, Holding, Hub, PersonIdentifier, SharedDevice
from touchline.schemas.identifiers import DEVICE_TYPES, MERGE_NOBODY
from touchline.sql.ledger.rows import DEFAULT_MAP, NET_ROWS
from touchline.sql.ledger.said import HUB_NEIGHBOURS


def read_belongings(client: Client, keys: Iterable[str]) -> dict[str, Belonging]:
    """By person key what belongs together with it; keys that no event names are left out."""
    asked = list(dict.fromkeys(keys))
    types = _types(client, asked)
    known = [key for key in asked if key in types]
    if not known:
        return {}
    around = _Published(_standing(client, known))
    together = {key: around.together_with(key) for key in known}
    types |= _types(client, {one for some in together.values() for one in some}.difference(types))
    seeds = {key: _identifiers_of({key, *together[key]}, types) for key in known}
    judged = _judge(client, {one for some in seeds.values() for one in some})
    published = _Published(_standing(client, {*known, *(one.key for one in judged.found.component_of)}))
    types |= _types(client, set(published.by_identifier).difference(types))
    assembly = _Assembly(types, judged, published)
    return {key: assembly.of(key, seeds[key]) for key in known}


class _Published:
    """What is published, by identifier and by person."""

    def __init__(self, standing: Iterable[Standing]) -> None:
        self.by_identifier: defaultdict[str, list[Standing]] = defaultdict(list)
        self.by_person: defaultdict[str, list[str]] = defaultdict(list)
        for one in standing:
            self.by_identifier[one.identifier].append(one)
            self.by_person[one.person].append(one.identifier)

    def persons(self, key: str) -> list[str]:
        """Under whom the identifier's events stand."""
        return sorted(one.person for one in self.by_identifier.get(key, ()))

    def together_with(self, key: str) -> set[str]:
        """The identifiers whose events stand under the same persons."""
        return {one for person in self.persons(key) for one in self.by_person[person]}


class _Judged(NamedTuple):
    """What the links around the identifiers say: `links` are those that count, with all times of each. `neighbours_max` is the number from
    which on an identifier is a hub."""

    rows: Sequence[SaidRow]
    newest: Newest
    found: Components
    links: Mapping[Pair, Sequence[int]]
    persons: Persons
    neighbours_max: int


class _Assembly:
    """Puts together what is of one identifier, by indexes over all that was read."""

    def __init__(self, types: Mapping[str, str], judged: _Judged, published: _Published) -> None:
        self._types, self._judged, self._published = types, judged, published
        self._said: defaultdict[str, list[int]] = defaultdict(list)
        for place, row in enumerate(judged.rows):
            for end in {row.identifier, row.linked_identifier}:
                self._said[end].append(place)
        self._by_person: defaultdict[str, list[Identifier]] = defaultdict(list)
        for one, person in judged.persons.whole.items():
            self._by_person[person.key].append(one)
        for one, line in judged.persons.shared.items():
            for person in set(line.persons):
                self._by_person[person.key].append(one)
        self._cut: defaultdict[str, list[Pair]] = defaultdict(list)
        for pair in judged.found.cut:
            for identifier in pair:
                self._cut[identifier.key].append(pair)

    def of(self, key: str, seeds: Collection[Identifier]) -> Belonging:
        """`seeds` are the identifier and those that are published together with it."""
        asked = identifier_of(key, self._types[key])
        persons, by_links = self._published.persons(key), self._persons_by_links(asked)
        ours = self._members(asked, seeds, persons, by_links)
        keys = {one.key for one in ours}
        judged = self._judged
        said = sorted({place for one in keys for place in self._said.get(one, ())})
        return Belonging(
            key,
            asked.type,
            persons or by_links,
            [self._told(one) for one in ours],
            evidence_of([judged.rows[place] for place in said], judged.newest, judged.found, judged.links),
            self._hubs(keys, seeds),
            [self._shared(one) for one in ours if one in self._judged.persons.shared],
        )

    def _persons_by_links(self, identifier: Identifier) -> list[str]:
        judged = self._judged.persons
        if identifier in judged.shared:
            return sorted({one.key for one in judged.shared[identifier].persons})
        return [judged.whole.get(identifier, identifier).key]

    def _members(
        self, asked: Identifier, seeds: Collection[Identifier], persons: Sequence[str], by_links: Sequence[str]
    ) -> list[Identifier]:
        """The identifiers to tell of: the one asked for, those published under its persons, and those that the links give to the same
        ones, as far as they are linked with one of these."""
        component_of = self._judged.found.component_of
        reached = {component_of[one] for one in seeds if one in component_of}
        ours = {asked, *_identifiers_of(self._published.together_with(asked.key), self._types)}
        linked = (one for person in {*persons, *by_links} for one in self._by_person.get(person, ()))
        return sorted(ours | {one for one in linked if component_of[one] in reached})

    def _told(self, member: Identifier) -> PersonIdentifier:
        stands = self._published.by_identifier.get(member.key, [])
        person = self._judged.persons.whole.get(member)
        return PersonIdentifier(
            member.key,
            member.type,
            sorted(one.person for one in stands),
            None if person is None else person.key,
            sum(one.events for one in stands),
            min((one.first_at for one in stands), default=None),
            max((one.last_at for one in stands), default=None),
            None,
        )

    def _hubs(self, keys: Collection[str], seeds: Collection[Identifier]) -> list[Hub]:
        """Those at the ends of links that count for nothing, and those that are published themselves; the greatest first."""
        ends = {end for key in keys for pair in self._cut.get(key, ()) for end in pair}
        hubs = ends.union(self._judged.found.hubs.intersection(seeds))
        told = (Hub(one.key, one.type, len(self._judged.newest.neighbours(one))) for one in hubs)
        return sorted(
            (one for one in told if one.neighbours > self._judged.neighbours_max),
            key=lambda one: (-one.neighbours, one.identifier),
        )

    def _shared(self, device: Identifier) -> SharedDevice:
        line = self._judged.persons.shared[device]
        holdings = [Holding(moment_of(at), person.key) for at, person in zip(line.from_us, line.persons, strict=True)]
        events = {one.person: one.events for one in self._published.by_identifier.get(device.key, ())}
        return SharedDevice(device.key, device.type, holdings, events)


def _identifiers_of(keys: Iterable[str], types: Mapping[str, str]) -> set[Identifier]:
    return {identifier_of(key, types[key]) for key in keys if key in types}


def _judge(client: Client, published: Collection[Identifier]) -> _Judged:
    """What the links say of these identifiers and of all that is linked with them."""
    read: dict[int, SaidRow] = {}

    def look_up(identifiers: Collection[Identifier]) -> History:
        found = {row[0]: SaidRow(*row[1:]) for row in ask_of_keys(client, _SAID, [one.key for one in identifiers])}
        read.update(found)
        return history_of(found.values())

    ((neighbours_max,),) = client.execute(f"SELECT {HUB_NEIGHBOURS}")
    found = components_around([], published, neighbours_max, look_up, apart=MERGE_NOBODY)
    newest, history = Newest(MERGE_NOBODY), history_of(read.values())
    newest.learn(history)
    persons = persons_of(found.component_of, found.links, DEVICE_TYPES)
    links = links_by_consent(client, found, history.links, persons)
    if links is not found.links:
        persons = persons_of(found.component_of, links, DEVICE_TYPES)
    return _Judged(list(read.values()), newest, found, links, persons, neighbours_max)


def _standing(client: Client, keys: Collection[str]) -> list[Standing]:
    """Published events by identifier and person: of these identifiers, and of all that stand under the same persons."""
    found = {row[:2]: Standing(*row) for row in ask_of_keys(client, _PUBLISHED, sorted(keys))}
    return sorted(found.values())


def _types(client: Client, keys: Collection[str]) -> dict[str, str]:
    return dict(ask_of_keys(client, _TYPES, sorted(keys)))


_TYPES = """
SELECT key, any(type) FROM
(
    SELECT identifier AS key, toString(identifier_type) AS type FROM journey_raw.ledger
    WHERE identifier IN %(keys)s AND kind IN ('received', 'link', 'unlink') AND identifier_type != ''
    UNION ALL
    SELECT linked_identifier, toString(linked_identifier_type) FROM journey_raw.ledger
    WHERE kind IN ('link', 'unlink') AND linked_identifier IN %(keys)s
)
GROUP BY key"""
_SAID = f"""
SELECT row_id, toString(kind), event_time, toString(source), event_id, toString(event_type),
    identifier, toString(identifier_type), linked_identifier, toString(linked_identifier_type), stored_time
FROM journey_raw.ledger
WHERE kind IN ('link', 'unlink') AND (identifier IN %(keys)s OR linked_identifier IN %(keys)s) AND {NET_ROWS}"""
OF_MAP = f"kind = 'attached' AND {DEFAULT_MAP}"
"""Rows by which readers see who is one person."""
_PUBLISHED = f"""
SELECT identifier, person, toInt64(count()) AS events, min(event_time), max(event_time)
FROM journey_raw.ledger
WHERE {OF_MAP} AND {NET_ROWS} AND identifier != ''
  AND (identifier IN %(keys)s OR person IN (
    SELECT person FROM journey_raw.ledger WHERE {OF_MAP} AND identifier IN %(keys)s AND {NET_ROWS}))
GROUP BY identifier, person"""
