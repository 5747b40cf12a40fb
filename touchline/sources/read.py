"""The last records of a source in the ledger, and then those that came since: a later look reads what was inserted after the one before.

Personal values stay where they are: person keys are shortened, properties, orders and comments are not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.schemas.reasons import Fate, Reason
from touchline.schemas.rejections import REMEDIES
from touchline.sources.values import NOT_PLACED, UNMAPPED, LastEvent
from touchline.sql.language.views import literal
from touchline.sql.ledger.projections import ANSWER_TYPE, TOUCHPOINT_TYPE
from touchline.sql.ledger.rows import AMOUNT, DEFAULT_MAP, NET_ROWS
from touchline.trace.read import SETTINGS, short_key

_PLACED_TYPES = (TOUCHPOINT_TYPE, ANSWER_TYPE)
Tops = Mapping[str, int]
"""By stream the number of its newest insert."""


class LastSeen(NamedTuple):
    """When a worker stored the last record that names this source, and how many there are of it."""

    source: str
    stored_at: datetime
    records: int


class SourceReader:
    """Looks at one source again and again."""

    def __init__(self, client: Client, source: str, limit: int) -> None:
        self._client = client
        self._source = source
        self._limit = limit
        self._read_up_to: Tops | None = None

    def read(self) -> list[LastEvent]:
        """The last records, at most `limit`, the oldest first; from the second time on only those that came, or changed their fate, since
        the time before."""
        tops: Tops = dict(self._client.execute(_TOPS))
        standing = NET_ROWS if self._read_up_to is None else _standing(_since(self._read_up_to))
        query = f"{_RECEIVED} AND {standing} AND ({_up_to(tops)}){_NEWEST}"
        found = self._client.execute(query, {"source": self._source, "limit": self._limit}, settings=SETTINGS)
        self._read_up_to = tops
        rows = [_Row._make(row) for row in found]
        stages = self._stages([row.event_id for row in rows if row.fate == Fate.STORED])
        return [_event(row, stages) for row in reversed(rows)]

    def _stages(self, ids: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        if not ids:
            return {}
        rows = self._client.execute(_ATTACHED, {"source": self._source, "ids": tuple(ids)}, settings=SETTINGS)
        return {event_id: (stage if is_mapped else UNMAPPED, person) for event_id, stage, is_mapped, person in rows}


def read_last_seen(client: Client) -> dict[str, LastSeen]:
    """Of each source that a record names, declared or not."""
    return {row[0]: LastSeen(*row) for row in client.execute(_LAST_SEEN)}


class _Row(NamedTuple):
    """The columns of _RECEIVED."""

    stream: str
    offset: int
    fate: str
    reason: str
    field: str
    event_type: str
    event_id: str
    event_time: datetime
    touchpoint: str
    action: str
    identifier_type: str
    identifier: str
    amount: Decimal | None
    currency: str
    stored_at: datetime


def _event(row: _Row, stages: Mapping[str, tuple[str, str]]) -> LastEvent:
    topic, _, partition = row.stream.split("/")
    is_placed = row.fate == Fate.STORED and row.event_type in _PLACED_TYPES
    stage, person = stages.get(row.event_id, (NOT_PLACED, "")) if is_placed else ("", "")
    return LastEvent(
        position=f"{topic}/{partition}/{row.offset}",
        stored_at=row.stored_at,
        fate=row.fate,
        reason=row.reason,
        field=row.field,
        remedy=REMEDIES[Reason(row.reason)] if row.fate == Fate.QUARANTINED else "",
        event_type=row.event_type,
        event_id=row.event_id,
        event_time=row.event_time if row.event_time > _NO_TIME else None,
        touchpoint=row.touchpoint,
        action=row.action,
        identifier_type=row.identifier_type,
        person=short_key(person or row.identifier),
        amount=row.amount if row.currency else None,
        currency=row.currency,
        stage=stage,
    )


def _standing(since: str) -> str:
    """The condition of new rows that stand. What retracts a new row is newer still, so the ids of all older retractions need not be read
    at each look."""
    return f"({since}) AND sign = 1 AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1 AND ({since}))"


def _since(tops: Tops) -> str:
    known = ", ".join(map(literal, tops)) or "''"
    return " OR ".join([*(_condition(stream, ">", top) for stream, top in tops.items()), f"stream NOT IN ({known})"])


def _up_to(tops: Tops) -> str:
    return " OR ".join(_condition(stream, "<=", top) for stream, top in tops.items()) or "0"


def _condition(stream: str, sign: str, top: int) -> str:
    return f"stream = {literal(stream)} AND insert_number {sign} {top:d}"


_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_TOPS = "SELECT toString(stream), max(insert_number) FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream"
_RECEIVED = f"""
SELECT toString(stream), offset, toString(fate), toString(reason), toString(field), toString(event_type), event_id, event_time,
    toString(touchpoint), toString(action), toString(identifier_type), identifier, {AMOUNT}, toString(currency), stored_time
FROM journey_raw.ledger WHERE kind = 'received' AND source = %(source)s"""
_NEWEST = " ORDER BY stored_time DESC, row_id DESC LIMIT %(limit)s"
_ATTACHED = f"""
SELECT event_id, toString(stage), is_mapped, person
FROM journey_raw.ledger WHERE kind = 'attached' AND source = %(source)s AND event_id IN %(ids)s AND {DEFAULT_MAP} AND {NET_ROWS}"""
_LAST_SEEN = """
SELECT toString(source), max(stored_time), sum(sign) FROM journey_raw.ledger WHERE kind = 'received' AND source != '' GROUP BY source"""
