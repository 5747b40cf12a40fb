"""Consents of persons of several identifiers: what was said under one holds for all that belong together, also under one that leads to no
journey (an address that somebody only withdrew with).

Who belongs together is found as `touchline person` finds it, and only of those of whom a link says anything: most persons cost one short
question.

Why: docs/decisions/0190, docs/decisions/0207.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final

from clickhouse_driver import Client

from touchline.care.consents import Statement, granted_times
from touchline.care.facts import PersonFacts
from touchline.person.ask import ask, ask_of_keys
from touchline.person.belongings import read_belongings
from touchline.person.evidence import time_us
from touchline.person.values import Belonging
from touchline.schemas.events import CONSENT
from touchline.sql.ledger.rows import NET_ROWS


def linked_with(client: Client, keys: Collection[str]) -> set[str]:
    """The identifiers that belong to the same persons as these by links; of those without a link nothing."""
    linked = _linked(client, keys)
    belongings = read_belongings(client, sorted(linked)) if linked else {}
    return {member.identifier for one in belongings.values() for member in one.identifiers}


def who_spoke_of_consent(client: Client, keys: Collection[str]) -> set[str]:
    """Those of the identifiers under which anything was said of consent: their links change for whom it holds."""
    return {key for (key,) in ask_of_keys(client, _SPOKE, sorted(keys))}


def with_consents_of_all(client: Client, persons: Mapping[str, PersonFacts]) -> dict[str, PersonFacts]:
    """The same persons, those of several identifiers with the consents of all of these."""
    names = {person: {person, *(key for key, _ in facts.identifiers)} for person, facts in persons.items()}
    linked = _linked(client, {key for some in names.values() for key in some})
    asked = [person for person, some in names.items() if some & linked]
    belongings = read_belongings(client, asked) if asked else {}
    said = _said(client, {member.identifier for one in belongings.values() for member in one.identifiers})
    of_all = {
        person: persons[person]._replace(consents=granted_times(_statements(one, said)))
        for person, one in belongings.items()
    }
    return dict(persons) | of_all


def _statements(belonging: Belonging, said: Mapping[str, list[Statement]]) -> list[Statement]:
    """What was granted on a device that is shared may have been granted by another; what was withdrawn there counts."""
    shared = {one.identifier for one in belonging.shared}
    return [
        statement
        for member in belonging.identifiers
        for statement in said.get(member.identifier, ())
        if statement.takes_back or member.identifier not in shared
    ]


def _said(client: Client, keys: Collection[str]) -> dict[str, list[Statement]]:
    """Identifier -> what was said under it. A statement without purposes is of all that its consent ever named."""
    rows = ask_of_keys(client, _SAID, sorted(keys))
    unnamed = tuple(sorted({consent for *_, purposes, consent in rows if not purposes}))
    named: dict[str, list[str]] = dict(ask(client, _PURPOSES, consents=unnamed)) if unnamed else {}
    found: defaultdict[str, list[Statement]] = defaultdict(list)
    for identifier, from_at, takes_back, purposes, consent in rows:
        said: Any = purposes.split(",") if purposes else named.get(consent, ())
        found[identifier].append(Statement(time_us(from_at), bool(takes_back), tuple(said)))
    return dict(found)


def _linked(client: Client, keys: Collection[str]) -> set[str]:
    """Those of the identifiers of which a link or an unlink says anything."""
    ends = {end for row in ask_of_keys(client, _LINKS, sorted(keys)) for end in row}
    return ends.intersection(keys)


_LINKS: Final = """
SELECT DISTINCT identifier, linked_identifier FROM journey_raw.ledger
WHERE kind IN ('link', 'unlink') AND (identifier IN %(keys)s OR linked_identifier IN %(keys)s)"""
_SAID: Final = f"""
SELECT identifier, about_time, action = 'withdrawn', toString(purposes), consent_id FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND event_type = '{CONSENT}' AND identifier IN %(keys)s AND {NET_ROWS}"""
_SPOKE: Final = f"""
SELECT DISTINCT identifier FROM journey_raw.ledger
WHERE kind = 'received' AND event_type = '{CONSENT}' AND identifier IN %(keys)s"""
_PURPOSES: Final = f"""
SELECT consent_id, arraySort(groupUniqArrayArray(splitByChar(',', toString(purposes)))) FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND purposes != '' AND consent_id IN %(consents)s
  AND NOT (event_type = '{CONSENT}' AND action = 'withdrawn') AND {NET_ROWS}
GROUP BY consent_id"""
