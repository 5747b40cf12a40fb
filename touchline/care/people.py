"""Reads the facts and consents of persons, as the default map has them.

Alerts wait for this, so it asks plainly: few columns, rows of both signs, of which those that are taken back are left out here. Joins and
the sub-query of what stands would take the engine five times as long to plan.

Why: docs/decisions/0207.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from clickhouse_driver import Client

from touchline.care.consents import Statement, granted_times
from touchline.care.facts import CareFact, Granted, PersonFacts
from touchline.person.ask import Rows, ask, ask_of_keys
from touchline.person.evidence import time_us
from touchline.schemas.events import ANSWER, CONSENT
from touchline.sql.language.catalogue import Variant, load_catalogue
from touchline.sql.ledger.rows import DEFAULT_MAP, NET_ROWS

COUNTED: Final = frozenset(("complete", "partial"))
"""Dispositions of answers whose scores count."""
_Key = tuple[str, str, int, int]


def read_persons(client: Client, identifiers: Collection[str]) -> dict[str, PersonFacts]:
    """Person key -> facts, of all persons to whom these identifiers lead in the default map."""
    if not identifiers:
        return {}
    persons = {person for _, person in ask_of_keys(client, _PERSONS, sorted(identifiers))}
    keys = sorted({key for row in ask_of_keys(client, _MERGED, sorted(persons)) for key in row} | persons)
    facts: defaultdict[str, list[CareFact]] = defaultdict(list)
    named: defaultdict[str, set[str]] = defaultdict(set)
    attached = _net(ask_of_keys(client, _FACTS, keys))
    rows = list(_net(ask_of_keys(client, _RECEIVED, keys)))  # after them: what is attached was received
    received_us = {(source, event_id): time_us(at) for at, source, event_id, *_ in rows}
    for person, identifier, *row in attached:
        if person in persons:
            fact = _fact(row)
            facts[person].append(fact._replace(received_us=received_us.get((fact.source, fact.event_id), 0)))
            named[person].add(identifier)
    received = [row[3:] for row in rows]
    types = {identifier: kind for identifier, kind, *_ in received if kind}
    consents = _consents(client, [row for row in received if row[2] == CONSENT])
    return {
        person: PersonFacts(
            facts[person],
            [one for key in sorted(named[person]) for one in consents.get(key, ())],
            [(key, types[key]) for key in sorted(named[person]) if key in types],
        )
        for person in facts
    }


def _net(rows: Rows) -> Iterator[Sequence[Any]]:
    """Rows that stand, without their first two columns: row id and sign."""
    gone = {row[0] for row in rows if row[1] < 0}
    return (row[2:] for row in rows if row[1] > 0 and row[0] not in gone)


def _fact(row: Sequence[Any]) -> CareFact:
    (
        at,
        source,
        event_id,
        event_type,
        touchpoint,
        action,
        properties,
        order,
        stage,
        cycle,
        converts,
        *answer,
    ) = row
    kpi, variant, scope, score, has_score, disposition, low, high, place, brand, is_simulated = answer
    counts = bool(has_score) and disposition in COUNTED
    return CareFact(
        time_us(at), source, event_id, event_type == ANSWER, touchpoint, action, properties, order, stage, cycle, bool(converts),
        kpi, scope, score if has_score else None, (low, high), _class_of((kpi, variant, low, high), score) if counts else "", place, brand,
        bool(is_simulated),
    )  # fmt: skip


def _class_of(key: _Key, score: float) -> str:
    """good, neutral or bad by the catalogue; empty where it has no formula."""
    variant = _variants().get(key)
    if variant is None:
        return ""
    classes = {"bad": variant.negative, "good": variant.positive}
    return next((name for name, (low, high) in classes.items() if low <= score <= high), "neutral")


@cache
def _variants() -> Mapping[_Key, Variant]:
    """By KPI, variant (or the empty name of the default) and scale, as in the table of formulas of the views."""
    return {
        (kpi.id, name, *variant.scale): variant
        for kpi, variant in load_catalogue().variants()
        for name in (variant.id, *([""] if variant in kpi.defaults().values() else []))
    }


def _consents(client: Client, rows: Sequence[Sequence[Any]]) -> dict[str, list[Granted]]:
    """Identifier -> what was granted under it, by purpose and time."""
    unnamed = sorted({consent for *_, purposes, consent in rows if not purposes})
    stands_for: dict[str, list[str]] = dict(ask(client, _PURPOSES, consents=tuple(unnamed))) if unnamed else {}
    said: defaultdict[str, list[Statement]] = defaultdict(list)
    for identifier, _, _, effective, action, purposes, consent in rows:
        named = tuple(purposes.split(",")) if purposes else tuple(stands_for.get(consent, ()))
        said[identifier].append(Statement(time_us(effective), action == "withdrawn", named))
    return {identifier: granted_times(statements) for identifier, statements in said.items()}


_PERSONS: Final = f"""
SELECT DISTINCT identifier, person FROM journey_raw.ledger WHERE kind = 'attached' AND {DEFAULT_MAP} AND identifier IN %(keys)s"""
_MERGED: Final = """
SELECT DISTINCT identifier, person FROM journey_raw.ledger
WHERE kind = 'attached' AND sign = 1 AND person != identifier AND person IN %(keys)s"""
_FACTS: Final = f"""
SELECT row_id, sign, person, identifier, event_time, toString(source), event_id, toString(event_type),
    toString(touchpoint), toString(action), properties, stage_order, toString(stage), cycle, is_conversion, toString(kpi),
    toString(variant), toString(scope), score, has_score, toString(disposition), scale_min, scale_max, toString(place), toString(brand),
    is_simulated
FROM journey_raw.ledger WHERE kind = 'attached' AND {DEFAULT_MAP} AND identifier IN %(keys)s"""
# Only these rows say when an event was received.
_RECEIVED: Final = """
SELECT row_id, sign, received_time, toString(source), event_id, identifier, toString(identifier_type), toString(event_type), about_time,
    toString(action), toString(purposes), consent_id
FROM journey_raw.ledger WHERE kind = 'received' AND (fate = 'stored' OR sign = -1) AND identifier IN %(keys)s"""
_PURPOSES: Final = f"""
SELECT consent_id, arraySort(groupUniqArrayArray(splitByChar(',', toString(purposes)))) FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND purposes != '' AND consent_id IN %(consents)s
  AND NOT (event_type = '{CONSENT}' AND action = 'withdrawn') AND {NET_ROWS}
GROUP BY consent_id"""
