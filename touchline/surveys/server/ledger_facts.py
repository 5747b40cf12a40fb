"""What the ledger knows of a person that is to be asked: the events, the asks so far, the consents; under all identifiers that are this
person by the rules of `touchline/identity`.

Why: docs/decisions/0205.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from clickhouse_driver import Client

from touchline.person.ask import ask
from touchline.person.belongings import read_belongings
from touchline.person.evidence import moment_of, time_us
from touchline.person.values import Belonging
from touchline.schemas.events import ANSWER, CONSENT, TOUCHPOINT
from touchline.sql.ledger.rows import DEFAULT_MAP, NET_ROWS
from touchline.surveys.asked import Asked
from touchline.surveys.asks import (
    ASKED_AT,
    EXPIRES_AT,
    POLICY_VERSION,
    REACHED,
    REACHED_AT,
    WAY,
    Ask,
    StoredAsk,
    time_in,
)
from touchline.surveys.decide import ConsentState, EventFacts, PersonFacts, consent_states

EVENTS_MAX: Final = 20
"""Of a person's events at a touchpoint the newest are looked at."""
_ASKS_REACH_BACK: Final = timedelta(days=400)
"""Longer than any window of a fatigue rule, and an answer that ends it."""


class Wanted(NamedTuple):
    """Which event is to be asked about: the newest ones at a touchpoint, or one by its source and id."""

    touchpoint: str = ""
    source: str = ""
    event_id: str = ""


class Found(NamedTuple):
    """A person: all its identifiers, the events that are meant with the newest first, and what else is known."""

    keys: frozenset[str]
    events: Sequence[EventFacts]
    person: PersonFacts


NOBODY: Final = Found(frozenset(), (), PersonFacts())


def read_facts(client: Client, keys: Iterable[str], wanted: Wanted, now_us: int) -> Found:
    """All about the person to whom one of the person keys leads; nothing where no event names them. Where they lead to several, since a
    device is shared, it is the one with the newest of the events that are meant."""
    belongings = read_belongings(client, keys)
    persons = {person for one in belongings.values() for person in one.persons}
    if len(persons) < 2:
        return _found(client, belongings.values(), persons, wanted, now_us)
    found = [_found(client, read_belongings(client, [one]).values(), {one}, wanted, now_us) for one in sorted(persons)]
    return max(found, key=lambda one: max((event.time_us for event in one.events), default=0))


def _found(
    client: Client, belongings: Iterable[Belonging], persons: Collection[str], wanted: Wanted, now_us: int
) -> Found:
    types: dict[str, str] = {}
    shared = set[str]()
    for belonging in belongings:
        types |= {one.identifier: one.type for one in belonging.identifiers}
        shared |= {one.identifier for one in belonging.shared}
    if not types:
        return NOBODY
    own = tuple(sorted(types))
    events = _events(client, own, types, tuple(sorted(persons)), wanted)
    person = PersonFacts(_asks(client, own, now_us), _consents(client, own, shared))
    return Found(frozenset(own), events, person)


def _events(
    client: Client, keys: tuple[str, ...], types: Mapping[str, str], persons: tuple[str, ...], wanted: Wanted
) -> list[EventFacts]:
    query = _EVENTS.format(which=_BY_ID if wanted.event_id else _BY_TOUCHPOINT)
    rows = ask(client, query, keys=keys, persons=persons, limit=EVENTS_MAX, **wanted._asdict())
    if not rows:
        return []
    converted: defaultdict[tuple[str, int], list[tuple[datetime, str, str]]] = defaultdict(list)
    for person, cycle, *place in ask(client, _CONVERSIONS, keys=keys, persons=persons):
        converted[person, cycle].append((place[0], place[1], place[2]))
    events = []
    for source, event_id, at, touchpoint, action, stage, is_conversion, person, cycle, *more in rows:
        segment, place_id, brand, key, is_simulated = more
        has_converted = any(place < (at, source, event_id) for place in converted.get((person, cycle), ()))
        events.append(
            EventFacts(
                *(source, event_id, time_us(at), touchpoint, action, stage, bool(is_conversion), has_converted),
                *(segment, place_id, brand, ((types[key], key),), bool(is_simulated)),
            )
        )
    return events


def _asks(client: Client, keys: tuple[str, ...], now_us: int) -> list[Asked]:
    since = moment_of(now_us) - _ASKS_REACH_BACK
    return [asked_in(row) for row in ask(client, _ASKS, keys=keys, since=since)]


def asked_in(row: Sequence[Any]) -> Asked:
    """An ask as a row of the ledger has it."""
    source, ask_id, survey, question, kpi, touchpoint, about_source, about_event_id, disposition, at, properties = row
    return Asked(
        source,
        ask_id,
        survey,
        question,
        kpi,
        touchpoint,
        about_source,
        about_event_id,
        disposition,
        time_us(at),
        time_in(properties, EXPIRES_AT),
        properties.get(REACHED, ""),
        time_in(properties, REACHED_AT),
    )


def _consents(client: Client, keys: tuple[str, ...], shared: Collection[str]) -> list[ConsentState]:
    """What was granted on a device that is shared may have been granted by another; what was withdrawn there counts."""
    rows = [row for *row, key in ask(client, _SAID, keys=keys) if key not in shared or not row[2]]
    unnamed = tuple({consent_id for consent_id, *_, purposes in rows if consent_id and not purposes})
    named: dict[str, set[str]] = {}
    if unnamed:
        named = {grant: set(some) for grant, some in ask(client, _NAMED, keys=keys, grants=unnamed)}
    return consent_states(
        (purpose, time_us(from_at), bool(is_granted))
        for consent_id, from_at, is_granted, purposes in rows
        for purpose in purposes or named.get(consent_id, ())
    )


def read_ask(client: Client, source: str, ask_id: str) -> StoredAsk | None:
    """The ask of that id; nothing where none stands (yet)."""
    rows = ask(client, _ONE_ASK, source=source, ask_id=ask_id)
    return stored_in(rows[0]) if rows else None


def stored_in(row: Sequence[Any]) -> StoredAsk:
    """An ask as a row of ASKS_OF_SOURCE has it."""
    ask_id, words, scale, person, about, policy, properties, disposition, at, is_simulated, place = row
    version = properties.get(POLICY_VERSION, "")
    question, question_version, language, kpi, variant, scope = words
    found = Ask(
        id=ask_id,
        question=question,
        version=question_version,
        language=language,
        kpi=kpi,
        variant=variant,
        scope=scope,
        scale_min=scale[0],
        scale_max=scale[1],
        persons=(tuple(person),) if person[1] else (),
        touchpoint=about[0],
        about_source=about[1],
        about_event_id=about[2],
        policy=policy[0],
        policy_version=int(version) if version.isdecimal() else 0,
        probability=policy[1],
        asked_us=time_in(properties, ASKED_AT),
        expires_us=time_in(properties, EXPIRES_AT),
        is_simulated=bool(is_simulated),
        place=place,
        way=properties.get(WAY, ""),
    )
    return StoredAsk(found, disposition, time_us(at))


def which_stand(client: Client, source: str, ask_ids: Collection[str]) -> list[tuple[str, str]]:
    """Of these asks those that stand in the ledger, each with its disposition."""
    return [] if not ask_ids else [(one, said) for one, said in ask(client, _STAND, source=source, ids=tuple(ask_ids))]


_OF_MAP: Final = f"kind = 'attached' AND event_type = '{TOUCHPOINT}' AND {DEFAULT_MAP} AND identifier IN %(keys)s AND person IN %(persons)s"
_BY_TOUCHPOINT: Final = "touchpoint = %(touchpoint)s"
_BY_ID: Final = "source = %(source)s AND event_id = %(event_id)s"
_EVENTS: Final = f"""
SELECT toString(source), event_id, event_time, toString(touchpoint), toString(action), toString(stage), is_conversion, person, cycle,
    toString(segment), toString(place), toString(brand), identifier, is_simulated
FROM journey_raw.ledger WHERE {_OF_MAP} AND provenance != 'declared' AND {{which}} AND {NET_ROWS}
ORDER BY event_time DESC, source, event_id LIMIT %(limit)s"""
_CONVERSIONS: Final = f"""
SELECT person, cycle, event_time, toString(source), event_id
FROM journey_raw.ledger WHERE {_OF_MAP} AND is_conversion = 1 AND {NET_ROWS}"""
_STORED: Final = f"kind = 'received' AND fate = 'stored' AND {NET_ROWS}"
_ASKS: Final = f"""
SELECT toString(source), event_id, toString(survey), toString(question), toString(kpi), toString(touchpoint), toString(about_source),
    about_event_id, toString(disposition), event_time, properties
FROM journey_raw.ledger
WHERE {_STORED} AND event_type = '{ANSWER}' AND identifier IN %(keys)s AND event_time > %(since)s"""
_SAID: Final = f"""
SELECT consent_id, about_time, action != 'withdrawn', if(purposes = '', emptyArrayString(), splitByChar(',', toString(purposes))),
    identifier
FROM journey_raw.ledger WHERE {_STORED} AND event_type = '{CONSENT}' AND identifier IN %(keys)s"""
_NAMED: Final = f"""
SELECT consent_id, groupUniqArrayArray(splitByChar(',', toString(purposes)))
FROM journey_raw.ledger
WHERE {_STORED} AND identifier IN %(keys)s AND consent_id IN %(grants)s AND purposes != '' AND action != 'withdrawn'
GROUP BY consent_id"""
ASKS_OF_SOURCE: Final = f"""
SELECT event_id, (question, question_version, language, kpi, variant, scope), (scale_min, scale_max),
    (toString(identifier_type), identifier),
    (toString(touchpoint), toString(about_source), about_event_id), (toString(survey), sampling_probability), properties,
    toString(disposition), event_time, is_simulated, toString(place)
FROM journey_raw.ledger
WHERE {_STORED} AND event_type = '{ANSWER}' AND source = %(source)s"""
"""The asks of the surveys as they stand; conditions may follow."""
_ONE_ASK: Final = f"{ASKS_OF_SOURCE} AND event_id = %(ask_id)s"
_STAND: Final = f"""
SELECT event_id, toString(disposition) FROM journey_raw.ledger
WHERE {_STORED} AND event_type = '{ANSWER}' AND source = %(source)s AND event_id IN %(ids)s"""
