"""Reads one person: identifiers, evidence, what was published when. Nothing of the content of events is read.

What the links say is found by the same rules as the workers' (`touchline/identity`); what is published is read from the journey rows of the
default map. The two may differ for a tick or two.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from clickhouse_driver import Client

from touchline.identity.components import Components
from touchline.identity.links import History, Identifier, Newest
from touchline.identity.neighbourhood import components_around
from touchline.identity.persons import Persons, persons_of
from touchline.person.evidence import SaidRow, evidence_of, history_of, identifier_of, moment_of
from touchline.person.published import Standing, changes_of
from touchline.person.values import (
    Evidence,
    Handoff,
    Holding,
    Hub,
    Journey,
    Person,
    PersonIdentifier,
    SharedDevice,
)
from touchline.schemas.identifiers import DEVICE_TYPES, MERGE_NOBODY
from touchline.sql.ledger.rows import DEFAULT_MAP, NET_ROWS
from touchline.sql.ledger.said import HUB_NEIGHBOURS

# The engine else looks a key up by scanning tables that it takes for small.
SETTINGS = {"min_table_rows_to_use_projection_index": 0}
Rows = list[tuple[Any, ...]]


class _Judged(NamedTuple):
    """What the links around one identifier say."""

    rows: list[SaidRow]
    newest: Newest
    found: Components
    persons: Persons


def keys_beginning_with(client: Client, beginning: str, limit: int = 2) -> list[str]:
    """Person keys of identifiers that begin so, at most `limit`; also of those that only links name."""
    return [key for (key,) in _ask(client, _KEYS, beginning=beginning, limit=limit)]


def read_person(client: Client, key: str) -> Person | None:
    """Everything about the person to whom an identifier leads; nothing where no event names it."""
    types = _types(client, [key])
    if key not in types:
        return None
    asked = identifier_of(key, types[key])
    together = _types(client, {one.identifier for one in _standing(client, [key])} - {key})
    judged = _judge(client, [asked, *(identifier_of(*one) for one in together.items())])
    standing = _standing(client, [key, *(one.key for one in judged.found.component_of)])
    persons = sorted({one.person for one in standing if one.identifier == key})
    members = _members(client, judged.persons, asked, persons, standing)
    ours = {one.key for one in members}
    evidence = _evidence(judged, ours)
    changes, since = changes_of(_ask(client, _HISTORY, keys=tuple(ours)))
    return Person(
        key,
        types[key],
        persons or _persons_by_links(judged.persons, asked),
        _identifiers(members, standing, judged.persons, since),
        evidence,
        changes,
        [Handoff(*row) for row in _ask(client, _HANDOFFS, keys=tuple(ours))],
        _hubs(client, judged, ours),
        _shared(judged.persons, members, standing),
        _journeys(client, persons),
    )


def _judge(client: Client, published: Collection[Identifier]) -> _Judged:
    """What the links say of these identifiers, which are published together."""
    read: dict[int, SaidRow] = {}

    def look_up(identifiers: Collection[Identifier]) -> History:
        keys = tuple(one.key for one in identifiers)
        said = _ask(client, _SAID, keys=keys)
        ends = tuple({*keys, *(end for row in said for end in (row[6], row[8]))})
        found = {row[0]: SaidRow(*row[1:]) for row in (*said, *_ask(client, _ERASED, keys=ends))}
        read.update(found)
        return history_of(found.values())

    ((neighbours_max,),) = client.execute(f"SELECT {HUB_NEIGHBOURS}")
    found = components_around([], published, neighbours_max, look_up, apart=MERGE_NOBODY)
    newest = Newest(MERGE_NOBODY)
    newest.learn(history_of(read.values()))
    return _Judged(list(read.values()), newest, found, persons_of(list(found.component_of), found.links, DEVICE_TYPES))


def _standing(client: Client, keys: Iterable[str]) -> list[Standing]:
    """Published events by identifier and person: of these identifiers, and of all that stand under the same persons."""
    return [Standing(*row) for row in _ask(client, _PUBLISHED, keys=tuple(dict.fromkeys(keys)))]


def _members(
    client: Client, judged: Persons, asked: Identifier, persons: Sequence[str], standing: Iterable[Standing]
) -> list[Identifier]:
    """The identifiers to tell of: the one asked for, those published under its persons, and those that the links give to the same ones."""
    published = _types(client, {one.identifier for one in standing if one.person in persons})
    ours = {asked, *(identifier_of(*one) for one in published.items())}
    names = {*persons, *_persons_by_links(judged, asked)}
    ours |= {one for one, person in judged.whole.items() if person.key in names}
    ours |= {one for one, line in judged.shared.items() if names & {person.key for person in line.persons}}
    return sorted(ours)


def _persons_by_links(judged: Persons, identifier: Identifier) -> list[str]:
    if identifier in judged.shared:
        return sorted({one.key for one in judged.shared[identifier].persons})
    return [judged.whole.get(identifier, identifier).key]


def _identifiers(
    members: Iterable[Identifier],
    standing: Iterable[Standing],
    judged: Persons,
    since: dict[str, Any],
) -> list[PersonIdentifier]:
    by_key: defaultdict[str, list[Standing]] = defaultdict(list)
    for one in standing:
        by_key[one.identifier].append(one)
    told = []
    for member in members:
        stands = by_key[member.key]
        person = judged.whole.get(member)
        told.append(
            PersonIdentifier(
                member.key,
                member.type,
                sorted(one.person for one in stands),
                None if person is None else person.key,
                sum(one.events for one in stands),
                min((one.first_at for one in stands), default=None),
                max((one.last_at for one in stands), default=None),
                since.get(member.key),
            )
        )
    return told


def _evidence(judged: _Judged, ours: Collection[str]) -> list[Evidence]:
    rows = [row for row in judged.rows if row.identifier in ours or row.linked_identifier in ours]
    ends = {key for row in rows for key in (row.identifier, row.linked_identifier)} - set(ours)
    erased = [row for row in judged.rows if row.kind == "erase" and row.identifier in ends]
    return evidence_of([*rows, *erased], judged.newest, judged.found)


def _hubs(client: Client, judged: _Judged, ours: Collection[str]) -> list[Hub]:
    ends = {end for pair in judged.found.cut if any(one.key in ours for one in pair) for end in pair}
    keys = tuple({one.key for one in ends | judged.found.hubs})
    return [Hub(*row) for row in _ask(client, _HUBS, keys=keys)] if keys else []


def _shared(judged: Persons, members: Iterable[Identifier], standing: Iterable[Standing]) -> list[SharedDevice]:
    devices = []
    for device in members:
        line = judged.shared.get(device)
        if line is not None:
            holdings = [
                Holding(moment_of(at), person.key) for at, person in zip(line.from_us, line.persons, strict=True)
            ]
            events = {one.person: one.events for one in standing if one.identifier == device.key}
            devices.append(SharedDevice(device.key, device.type, holdings, events))
    return devices


def _journeys(client: Client, persons: Sequence[str]) -> list[Journey]:
    """Of one person; whoever asks for a shared device asks for its persons one by one."""
    if len(persons) != 1:
        return []
    return [Journey(*row) for row in _ask(client, _JOURNEYS, person=persons[0])]


def _types(client: Client, keys: Collection[str]) -> dict[str, str]:
    return dict(_ask(client, _TYPES, keys=tuple(keys))) if keys else {}


def _ask(client: Client, query: str, **values: object) -> Rows:
    rows: Rows = client.execute(query, values, settings=SETTINGS)
    return rows


_KEYS = """
SELECT DISTINCT key FROM
(
    SELECT identifier AS key FROM journey_raw.ledger WHERE startsWith(identifier, %(beginning)s)
    UNION ALL
    SELECT linked_identifier FROM journey_raw.ledger
    WHERE kind IN ('link', 'unlink') AND startsWith(linked_identifier, %(beginning)s)
)
ORDER BY key LIMIT %(limit)s"""
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
_SAID_COLUMNS = """row_id, toString(kind), event_time, toString(source), event_id, toString(event_type),
    identifier, toString(identifier_type), linked_identifier, toString(linked_identifier_type), stored_time"""
_SAID = f"""
SELECT {_SAID_COLUMNS} FROM journey_raw.ledger
WHERE kind IN ('link', 'unlink') AND (identifier IN %(keys)s OR linked_identifier IN %(keys)s) AND {NET_ROWS}"""
_ERASED = (
    f"SELECT {_SAID_COLUMNS} FROM journey_raw.ledger WHERE kind = 'erase' AND identifier IN %(keys)s AND {NET_ROWS}"
)
_OF_MAP = f"kind = 'attached' AND {DEFAULT_MAP}"
_PUBLISHED = f"""
SELECT identifier, person, toInt64(count()) AS events, min(event_time), max(event_time)
FROM journey_raw.ledger
WHERE {_OF_MAP} AND {NET_ROWS} AND identifier != ''
  AND (identifier IN %(keys)s OR person IN (
    SELECT person FROM journey_raw.ledger WHERE {_OF_MAP} AND identifier IN %(keys)s AND {NET_ROWS}))
GROUP BY identifier, person ORDER BY identifier, person"""
_HISTORY = f"""
SELECT stored_time, identifier, person, toInt64(sum(sign)) AS net
FROM journey_raw.ledger WHERE {_OF_MAP} AND identifier IN %(keys)s
GROUP BY stored_time, identifier, person HAVING net != 0 ORDER BY stored_time, identifier, person"""
_HANDOFFS = """
SELECT stored_time, identifier, handoff_number, toInt64(bitShiftRight(row_id, 52)), handoff_to
FROM journey_raw.ledger WHERE kind = 'handoff' AND identifier IN %(keys)s AND sign = 1 ORDER BY stored_time, identifier, handoff_number"""
_HUBS = """
SELECT identifier, toString(identifier_type), neighbours
FROM journey.hubs WHERE identifier IN %(keys)s ORDER BY neighbours DESC, identifier"""
_JOURNEYS = """
SELECT toString(map), map_version, cycle, started_at, last_at, converted_at, max_stage_order, toInt64(touchpoints)
FROM journey.journeys WHERE person = %(person)s ORDER BY map, map_version, cycle"""
