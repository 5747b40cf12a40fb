"""Reads the facts and consents of persons, as the default map has them.

Alerts wait for this, so it asks little and plainly: all rows of an identifier at once, of both signs and all maps, of which those that do
not count are left out here. To plan a question costs the engine more than to answer it.

Why: docs/decisions/0207.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from clickhouse_driver import Client

from touchline.care.consents import Statement, granted_times
from touchline.care.facts import CareFact, Granted, PersonFacts
from touchline.person.ask import ask, ask_of_keys
from touchline.person.evidence import time_us
from touchline.schemas.events import ANSWER, CONSENT
from touchline.sql.language.catalogue import Variant, load_catalogue
from touchline.sql.ledger.rows import NET_ROWS

COUNTED: Final = frozenset(("complete", "partial"))
"""Dispositions of answers whose scores count."""
_Key = tuple[str, str, int, int]
Shown = tuple[str, int]
"""A map and its version."""


class _Row(NamedTuple):
    """What is read of a row; the columns of the ledger."""

    row_id: int
    sign: int
    kind: str
    map: str
    map_version: int
    fate: str
    identifier: str
    identifier_type: str
    person: str
    event_time: Any
    received_time: Any
    source: str
    event_id: str
    event_type: str
    touchpoint: str
    action: str
    properties: dict[str, str]
    stage_order: int
    stage: str
    cycle: int
    is_conversion: int
    kpi: str
    variant: str
    scope: str
    score: float
    has_score: int
    disposition: str
    scale_min: int
    scale_max: int
    place: str
    brand: str
    is_simulated: int
    about_time: Any
    purposes: str
    consent_id: str


def read_persons(client: Client, identifiers: Collection[str], default: Callable[[], Shown]) -> dict[str, PersonFacts]:
    """Person key -> facts, of all persons to whom these identifiers lead in the default map."""
    if not identifiers:
        return {}
    rows = _rows_of(client, identifiers)
    shown = default()
    persons = {row.person for row in _attached(rows, shown)}
    keys = {key for row in ask_of_keys(client, _MERGED, sorted(persons)) for key in row} | persons
    rows += _rows_of(client, keys.difference(identifiers))
    gone = {row.row_id for row in rows if row.sign < 0}
    stand = [row for row in rows if row.sign > 0 and row.row_id not in gone and row.identifier in keys]
    facts: defaultdict[str, list[CareFact]] = defaultdict(list)
    named: defaultdict[str, set[str]] = defaultdict(set)
    received = [row for row in stand if row.kind == "received" and row.fate == "stored"]
    received_us = {
        (row.source, row.event_id): time_us(row.received_time) for row in received
    }  # only these rows say when
    for row in _attached(stand, shown):
        if row.person in persons:
            facts[row.person].append(_fact(row, received_us.get((row.source, row.event_id), 0)))
            named[row.person].add(row.identifier)
    types = {row.identifier: row.identifier_type for row in received if row.identifier_type}
    consents = _consents(client, [row for row in received if row.event_type == CONSENT])
    return {
        person: PersonFacts(
            facts[person],
            [one for key in sorted(named[person]) for one in consents.get(key, ())],
            [(key, types[key]) for key in sorted(named[person]) if key in types],
        )
        for person in facts
    }


def default_map(client: Client) -> Shown:
    """The map that readers see who name none, and its version; ('', 0) before one is chosen."""
    ((name, version),) = client.execute(_DEFAULT_MAP)
    return name, version


def _rows_of(client: Client, identifiers: Collection[str]) -> list[_Row]:
    return [_Row._make(row) for row in ask_of_keys(client, _ROWS, sorted(identifiers))]


def _attached(rows: Iterable[_Row], shown: Shown) -> list[_Row]:
    return [row for row in rows if row.kind == "attached" and (row.map, row.map_version) == shown]


def _fact(row: _Row, received_us: int) -> CareFact:
    scale = (row.scale_min, row.scale_max)
    counts = bool(row.has_score) and row.disposition in COUNTED
    of_answer = _class_of((row.kpi, row.variant, *scale), row.score) if counts else ""
    return CareFact(
        time_us(row.event_time), row.source, row.event_id, row.event_type == ANSWER, row.touchpoint, row.action, row.properties,
        row.stage_order, row.stage, row.cycle, bool(row.is_conversion), row.kpi, row.scope, row.score if row.has_score else None, scale,
        of_answer, row.place, row.brand, bool(row.is_simulated), received_us,
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


def _consents(client: Client, rows: Sequence[_Row]) -> dict[str, list[Granted]]:
    """Identifier -> what was granted under it, by purpose and time."""
    unnamed = sorted({row.consent_id for row in rows if not row.purposes})
    stands_for: dict[str, list[str]] = dict(ask(client, _PURPOSES, consents=tuple(unnamed))) if unnamed else {}
    said: defaultdict[str, list[Statement]] = defaultdict(list)
    for row in rows:
        named = tuple(row.purposes.split(",")) if row.purposes else tuple(stands_for.get(row.consent_id, ()))
        said[row.identifier].append(Statement(time_us(row.about_time), row.action == "withdrawn", named))
    return {identifier: granted_times(statements) for identifier, statements in said.items()}


_DEFAULT_MAP: Final = (
    "SELECT toString(argMax(map, shown_at)), argMax(version, shown_at) FROM journey_raw.shown_maps WHERE is_default"
)
_ROWS: Final = f"""
SELECT {", ".join(_Row._fields)} FROM journey_raw.ledger PREWHERE identifier IN %(keys)s SETTINGS max_threads = 1"""
_MERGED: Final = """
SELECT DISTINCT identifier, person FROM journey_raw.ledger
WHERE kind = 'attached' AND person != identifier AND person IN %(keys)s SETTINGS max_threads = 1"""
_PURPOSES: Final = f"""
SELECT consent_id, arraySort(groupUniqArrayArray(splitByChar(',', toString(purposes)))) FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND purposes != '' AND consent_id IN %(consents)s
  AND NOT (event_type = '{CONSENT}' AND action = 'withdrawn') AND {NET_ROWS}
GROUP BY consent_id"""
