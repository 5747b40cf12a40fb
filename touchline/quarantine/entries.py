"""Which quarantined records there are: a selection of them, read from the ledger without their bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.errors import WrongUsage
from touchline.sql.ledger.rows import NET_ROWS
from touchline.sql.ledger.settlements import IS_OPEN, SETTLED

_POSITION = re.compile(r"(?:([\w.-]+)/)?(\d{1,9})/(\d{1,18})")


class RecordPosition(NamedTuple):
    """Where a record stands in Kafka. Without a topic: of the configured one."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str, topic: str) -> RecordPosition:
        """From `[TOPIC/]PARTITION/OFFSET`. Raises WrongUsage."""
        match = _POSITION.fullmatch(text)
        if match is None:
            raise WrongUsage(
                "a position is not [TOPIC/]PARTITION/OFFSET",
                "for example 3/1042, as `touchline quarantine list` shows it",
            )
        return cls(match[1] or topic, int(match[2]), int(match[3]))


class EntryFilter(NamedTuple):
    """Which entries: all conditions hold. Times are UTC, `since` included, `until` excluded; `limit` takes the oldest ones unless the
    newest are asked for."""

    positions: tuple[RecordPosition, ...] = ()
    source: str | None = None
    reason: str | None = None
    field: str | None = None
    topic: str | None = None
    partition: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it down."""
        return self == EntryFilter()


class Entry(NamedTuple):
    """A quarantined record without its bytes. `received_us` is the time that Kafka kept with it (of a conflict the event's own), 0 where
    there is none; `sealed_bytes` the size of what is kept, 0 where nothing is. `outcome` is empty while the entry is open."""

    stream: str
    offset: int
    received_us: int
    received_at: datetime
    stored_at: datetime
    source: str
    event_id: str
    reason: str
    field: str
    cipher_key_id: str
    sealed_bytes: int
    outcome: str = ""
    note: str = ""
    settled_at: datetime | None = None

    @property
    def position(self) -> str:
        """`topic/partition/offset`, as people name it."""
        topic, _, partition = self.stream.split("/")
        return f"{topic}/{partition}/{self.offset}"

    @property
    def partition(self) -> int:
        """Kafka partition."""
        return int(self.stream.rsplit("/", 1)[1])


_RECEIVED_AT = "if(toUnixTimestamp64Micro(received_time) = 0, toDateTime64(stored_time, 6, 'UTC'), received_time)"
_COLUMNS = f"""toString(stream), offset, toUnixTimestamp64Micro(received_time), {_RECEIVED_AT} AS received_at, stored_time,
    toString(source), event_id, toString(reason), toString(field), toString(cipher_key_id), length(payload)"""
_QUARANTINED = f"kind = 'received' AND fate = 'quarantined' AND {NET_ROWS}"


def read_open(client: Client, selection: EntryFilter, *, newest_first: bool = False) -> list[Entry]:
    """The open entries, by time of reception."""
    conditions, values = _conditions(selection)
    rows = client.execute(
        f"SELECT {_COLUMNS} FROM journey_raw.ledger WHERE {_QUARANTINED} AND {IS_OPEN}{conditions}"
        f"{_order(selection, newest_first)}",
        values,
    )
    return [Entry(*row) for row in rows]


def read_settled(client: Client, selection: EntryFilter) -> list[Entry]:
    """The settled entries with their outcome, the newest first."""
    conditions, values = _conditions(selection)
    rows = client.execute(
        f"SELECT {_COLUMNS}, toString(settled_as), settled_note, settled_since FROM journey_raw.ledger INNER JOIN {SETTLED} AS settled "
        f"USING (stream, offset) WHERE {_QUARANTINED}{conditions}{_order(selection, newest_first=True)}",
        values,
    )
    return [Entry(*row) for row in rows]


def count_open(client: Client, selection: EntryFilter) -> int:
    """How many open entries there are, whatever the limit."""
    conditions, values = _conditions(selection)
    sql = f"SELECT count() FROM journey_raw.ledger WHERE {_QUARANTINED} AND {IS_OPEN}{conditions}"
    return int(client.execute(sql, values)[0][0])


def read_sealed(client: Client, entries: Sequence[Entry]) -> dict[tuple[str, int], str]:
    """(stream, offset) -> the bytes as they are kept: encrypted. The caller bounds how many it asks for at once."""
    if not entries:
        return {}
    rows = client.execute(
        f"SELECT toString(stream), offset, payload FROM journey_raw.ledger WHERE {_QUARANTINED} "
        "AND (stream, offset) IN %(keys)s",
        {"keys": tuple((one.stream, one.offset) for one in entries)},
    )
    return {(stream, offset): payload for stream, offset, payload in rows}


def _conditions(selection: EntryFilter) -> tuple[str, dict[str, object]]:
    part = "splitByChar('/', toString(stream))"
    asked: dict[str, tuple[str, object]] = {
        "source": ("source = %(source)s", selection.source),
        "reason": ("reason = %(reason)s", selection.reason),
        "field": ("field = %(field)s", selection.field),
        "topic": (f"{part}[1] = %(topic)s", selection.topic),
        "partition": (f"toUInt32({part}[3]) = %(partition)s", selection.partition),
        "since": (f"{_RECEIVED_AT} >= fromUnixTimestamp64Micro(%(since)s, 'UTC')", _us(selection.since)),
        "until": (f"{_RECEIVED_AT} < fromUnixTimestamp64Micro(%(until)s, 'UTC')", _us(selection.until)),
        "positions": (
            f"({part}[1], toUInt32({part}[3]), offset) IN %(positions)s",
            tuple(map(tuple, selection.positions)) or None,
        ),
    }
    given = {name: (sql, value) for name, (sql, value) in asked.items() if value is not None}
    return "".join(f" AND {sql}" for sql, _ in given.values()), {name: value for name, (_, value) in given.items()}


def _us(time: datetime | None) -> int | None:
    return None if time is None else round(time.timestamp() * 1_000_000)


def _order(selection: EntryFilter, newest_first: bool) -> str:
    limit = "" if selection.limit is None else f" LIMIT {selection.limit}"
    return f" ORDER BY received_at{' DESC' if newest_first else ''}, stream, offset{limit}"
