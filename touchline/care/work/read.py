"""Cases of the ledger, for those who work them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.care.kpi.telling import CONTEXT
from touchline.errors import WrongUsage
from touchline.schemas.events import CASE
from touchline.sql.ledger.rows import NET_ROWS

SHOWN_DIGITS: Final = 8
FILTERS: Final = ("rule", "kind", "state", "touchpoint")


class Case(NamedTuple):
    """A row of journey.cases; docs/views.md says what each column is."""

    case_id: str
    kind: str
    rule: str
    rule_version: str
    severity: str
    state: str
    is_open: bool
    is_lapsed: bool
    person: str | None
    touchpoint: str
    place: str | None
    brand: str | None
    about_source: str | None
    about_event_id: str | None
    opened_at: datetime
    contacted_at: datetime | None
    resolved_at: datetime | None
    changed_at: datetime
    reopened: int
    due_at: datetime | None
    is_in_sla: bool | None
    owner: str | None
    cause: str | None
    is_simulated: bool


class Said(NamedTuple):
    """One event of a case."""

    at: datetime
    state: str
    source: str
    event_id: str
    owner: str
    cause: str
    identifier: str
    identifier_type: str
    context: Mapping[str, str] = MappingProxyType({})
    """Of the event that opens a case of a KPI: KPI, day, value and the like (kpi/telling.py)."""


_FLAGS: Final = frozenset(("is_open", "is_lapsed", "is_in_sla", "is_simulated"))
_COLUMNS: Final = ", ".join(
    f"toString({name})" if name in ("kind", "rule", "rule_version", "severity", "state", "touchpoint") else name
    for name in Case._fields
)


def read_cases(client: Client, filters: Mapping[str, Sequence[str]], limit: int) -> list[Case]:
    """Those that are open first, of them the ones that are due earliest; then the newest. `filters` by FILTERS: any of the values."""
    chosen = {name: tuple(values) for name, values in filters.items() if values}
    where = " AND ".join(f"{name} IN %({name})s" for name in chosen) or "1"
    order = "is_open DESC, if(is_open, ifNull(due_at, toDateTime64('2299-01-01', 6, 'UTC')), toDateTime64(0, 6, 'UTC')), opened_at DESC"
    sql = f"SELECT {_COLUMNS} FROM journey.cases WHERE {where} ORDER BY {order}, case_id LIMIT %(limit)s"
    return [_case(row) for row in client.execute(sql, {**chosen, "limit": limit})]


def read_case(client: Client, beginning: str) -> Case | None:
    """The case whose id begins so; None where there is none. Raises WrongUsage where there are several."""
    sql = f"SELECT {_COLUMNS} FROM journey.cases WHERE startsWith(case_id, %(beginning)s) ORDER BY case_id LIMIT 2"
    found = [_case(row) for row in client.execute(sql, {"beginning": beginning.removesuffix("…")})]
    if len(found) > 1:
        raise WrongUsage("several cases begin so", "give more digits of the one that is meant")
    return found[0] if found else None


def read_said(client: Client, case_id: str) -> list[Said]:
    """The events of a case, in the order of their times."""
    return [
        Said._make((*said, {name: known[name] for name in CONTEXT if name in known} if "kpi_day" in known else {}))
        for *said, known in client.execute(_SAID, {"case": case_id})
    ]


def _case(row: Sequence[object]) -> Case:
    named = zip(Case._fields, row, strict=True)
    return Case._make(bool(value) if name in _FLAGS and value is not None else value for name, value in named)


_SAID: Final = f"""
SELECT event_time, toString(action), toString(source), event_id, properties['owner'], properties['cause'], identifier,
    toString(identifier_type), properties FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND event_type = '{CASE}' AND properties['case'] = %(case)s AND {NET_ROWS}
ORDER BY event_time, event_id"""
