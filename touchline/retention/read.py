"""Reads what is past its term, what has ended, and small cells of what was anonymised.

Why: docs/decisions/0193.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.erasure.due import due as waiting_to_be_blanked
from touchline.retention.values import ClassState, Retention, SmallCell
from touchline.schemas.erasure import ERASED_PREFIX
from touchline.schemas.retention import ANONYMISE, CLASS_OF, Cutoff, cutoffs_on, terms_of
from touchline.schemas.sources import Source, Sources
from touchline.sql.ledger.rows import NET_ROWS

CELLS_SHOWN: Final = 100
OTHER: Final = "other"
"""Class of records that do not tell their type."""


class _Due(NamedTuple):
    stored: int
    others: int
    oldest: datetime


class _Ended(NamedTuple):
    erased: int
    anonymised: int
    last_at: datetime


def read_retention(client: Client, sources: Sources, now_ms: int, below: int) -> Retention:
    """What stands at this moment, of the sources that are declared. `below`: cells with fewer events than this are small."""
    cutoffs = [
        cutoff
        for name, one in sorted(sources.items())
        # Of a source that ends nothing, what would end.
        for cutoff in cutoffs_on(terms_of(name, one.kept_days, one.when_expired or "erase"), now_ms)
    ]
    due = _due(client, cutoffs) if cutoffs else {}
    ended = _ended(client)
    today = datetime.fromtimestamp(now_ms / 1_000, UTC).date()
    classes = [state for name, one in sorted(sources.items()) for state in _classes(name, one, today, due, ended)]
    cells, count = _small_cells(client, below)
    return Retention(today, classes, waiting_to_be_blanked(client).records, cells, count, below)


def _classes(
    name: str,
    source: Source,
    today: date,
    due: Mapping[tuple[str, str], _Due],
    ended: Mapping[tuple[str, str], _Ended],
) -> list[ClassState]:
    days: dict[str, int | None] = {**source.kept_days, OTHER: max(filter(None, source.kept_days.values()))}
    found = []
    for event_class, term in days.items():
        is_due, has_ended = due.get((name, event_class)), ended.get((name, event_class))
        if event_class == OTHER and is_due is None and has_ended is None:
            continue
        found.append(
            ClassState(
                name,
                event_class,
                term,
                source.when_expired,
                None if term is None else _before(today, term),
                is_due.stored if is_due else 0,
                is_due.others if is_due else 0,
                is_due.oldest if is_due else None,
                has_ended.erased if has_ended else 0,
                has_ended.anonymised if has_ended else 0,
                has_ended.last_at if has_ended else None,
            )
        )
    return found


def _before(today: date, days: int) -> date | None:
    try:
        return today - timedelta(days=days)
    except OverflowError:  # a term of thousands of years
        return None


def _due(client: Client, cutoffs: Sequence[Cutoff]) -> dict[tuple[str, str], _Due]:
    past, values = [], dict[str, object]()
    for number, one in enumerate(cutoffs):
        condition = _PAST_TERM.format(number)
        past.append(f"({condition} AND NOT ({_ANONYMISED}))" if one.how == ANONYMISE else f"({condition})")
        values |= {f"source{number}": one.source, f"types{number}": one.types, f"before{number}": one.before_us}
    rows = client.execute(_DUE.format(past=" OR ".join(past)), values)
    return {(source, _class_of(event_type)): _Due(*found) for source, event_type, *found in rows}


def _ended(client: Client) -> dict[tuple[str, str], _Ended]:
    rows = client.execute(_ENDED)
    return {(source, _class_of(event_type)): _Ended(*found) for source, event_type, *found in rows}


def _class_of(event_type: str) -> str:
    return CLASS_OF.get(event_type, OTHER)


def _small_cells(client: Client, below: int) -> tuple[list[SmallCell], int]:
    rows = client.execute(_CELLS, {"below": below, "shown": CELLS_SHOWN})
    return [SmallCell(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


_ANONYMISED: Final = f"(fate = 'stored' OR reason = 'claim') AND startsWith(event_id, '{ERASED_PREFIX}')"
_PAST_TERM: Final = (
    "source = %(source{0})s AND event_type IN %(types{0})s AND event_time < fromUnixTimestamp64Micro(%(before{0})s)"
)
_DUE: Final = f"""
SELECT toString(source), toString(event_type) AS of_type, countIf(fate = 'stored'), countIf(fate != 'stored'), min(event_time)
FROM journey_raw.ledger
WHERE kind = 'received' AND fate != 'erased' AND toUnixTimestamp64Micro(event_time) > 0 AND ({{past}}) AND {NET_ROWS}
GROUP BY source, of_type"""
_ENDED: Final = f"""
SELECT toString(source), toString(event_type) AS of_type, countIf(fate = 'erased'), countIf(fate != 'erased'), max(stored_time)
FROM journey_raw.ledger
WHERE kind = 'received' AND (fate = 'erased' OR ({_ANONYMISED})) AND {NET_ROWS}
GROUP BY source, of_type"""
_CELLS: Final = f"""
SELECT toString(source), toString(touchpoint), toString(place), local_date, toInt64(count()) AS events, toInt64(count() OVER ())
FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND startsWith(event_id, '{ERASED_PREFIX}') AND touchpoint != '' AND {NET_ROWS}
GROUP BY source, touchpoint, place, local_date HAVING events < %(below)s
ORDER BY events, source, touchpoint, place, local_date LIMIT %(shown)s"""
