"""Which rows of the ledger are to be blanked, and what of each: gathered on the server into tables in memory.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from clickhouse_driver import Client

from touchline.erasure.due import RECORD_KINDS, RECORD_PARTITION, DueRecord
from touchline.erasure.volatile import Volatile
from touchline.schemas.erasure import ErasureSecret

ALL_OF_IT: Final = 1
"""Bits of what goes of a row: all that tells whose it is; the id of an event that is no more, which it names as what it is about, or as
what it speaks of; an identifier that nothing stands for any more, at either end or as the person; an order that an answer took from such
an event."""
ABOUT: Final = 2
EVENT: Final = 4
IDENTIFIER: Final = 8
LINKED: Final = 16
PERSON: Final = 32
WALKED: Final = 64
"""A mark that says that a walk for a change of maps has come to that identifier (processors/walk.py)."""
_AT_IDENTIFIER: Final = "i"
ORDER: Final = 128


def gather_records(client: Client, records: Sequence[DueRecord], secret: ErasureSecret, into: Volatile) -> None:
    """These records, their events where no other version of them stands, and the identifiers that their rows name."""
    rows = [(*one, secret.hidden_id(one.source, one.event_id)) for one in records]
    client.execute(f"INSERT INTO {into.records} (partition, offset, of_source, event_id, hidden) VALUES", rows)
    client.execute(f"INSERT INTO {into.events} {_events(into)}")
    client.execute(f"INSERT INTO {into.named} {_named_by_records(into)}")


def gather_named(client: Client, into: Volatile) -> None:
    """The identifiers of requests that are not done, and those that words between partitions name."""
    client.execute(f"INSERT INTO {into.named} {_NAMED_BY_REQUESTS}")
    client.execute(f"INSERT INTO {into.named} {_NAMED_BY_WORDS}")


def gather_rows(client: Client, into: Volatile) -> None:
    """From the records and identifiers that were gathered: the rows that they mean."""
    client.execute(f"INSERT INTO {into.gone} {_gone(into)}")
    client.execute(f"INSERT INTO {into.rows} {_rows(into)}")


_NAMED_BY_REQUESTS = "SELECT DISTINCT identifier FROM journey_raw.erasures WHERE identifier != ''"
_NAMED_BY_WORDS = (
    "SELECT DISTINCT identifier FROM journey_raw.ledger WHERE kind IN ('away', 'handoff') AND identifier != ''"
)


def _of(table: str, columns: str = "of_source, event_id") -> str:
    return f"(SELECT {columns} FROM {table})"


def _rows_of_records(into: Volatile, columns: str) -> str:
    """These columns of all rows of the records, and `hidden`."""
    return f"""
    SELECT {columns} FROM
    (
        SELECT *, {RECORD_PARTITION} AS partition, toString(source) AS of_source FROM journey_raw.ledger
        WHERE kind IN {RECORD_KINDS} AND (source, event_id) IN {_of(into.records)}
    ) AS row INNER JOIN {into.records} AS record USING (partition, offset, of_source, event_id)"""


def _events(into: Volatile) -> str:
    """Of the records' events those of which nothing stands under the real id but what is erased, and no longer waits to be."""
    return f"""
    SELECT DISTINCT of_source, event_id, hidden FROM {into.records} WHERE (of_source, event_id) NOT IN (
        SELECT toString(source), event_id FROM journey_raw.ledger
        WHERE kind = 'received' AND (source, event_id) IN {_of(into.records)}
        GROUP BY source, event_id HAVING sumIf(sign, fate != 'erased' OR reason = 'claim') > 0)"""


def _named_by_records(into: Volatile) -> str:
    ends = _rows_of_records(into, "DISTINCT arrayJoin([identifier, linked_identifier, person]) AS name")
    return f"SELECT name FROM ({ends}) WHERE name != ''"


def _naming(names: str) -> str:
    return f"(identifier IN {names} OR linked_identifier IN {names} OR person IN {names})"


def _gone(into: Volatile) -> str:
    """Identifiers for which nothing stands, and which are held at home: the partition that gave the first handoff is the home."""
    named = _of(into.named, "name")
    return f"""
    SELECT DISTINCT name FROM {into.named} WHERE name NOT IN (
        SELECT arrayJoin([identifier, linked_identifier, person]) FROM
        (
            SELECT identifier, linked_identifier, person, sign FROM journey_raw.ledger
            WHERE kind IN {RECORD_KINDS} AND NOT (kind = 'received' AND fate = 'erased') AND {_naming(named)}
            ORDER BY sign LIMIT 1 BY row_id
        )
        WHERE sign = 1
    )
    AND name NOT IN (
        SELECT identifier FROM journey_raw.ledger WHERE kind = 'handoff' AND identifier IN {named}
        GROUP BY identifier HAVING argMax(handoff_to, handoff_number) != argMin(bitShiftRight(row_id, 52), handoff_number))"""


def _rows(into: Volatile) -> str:
    events, gone = _of(into.events), _of(into.gone, "name")
    return f"""
    SELECT row_id, toUInt8(groupBitOr(what)), max(hidden), max(about) FROM
    (
        {_rows_of_records(into, f"row_id, {ALL_OF_IT} AS what, hidden, '' AS about")}
        UNION ALL
        SELECT row_id, {ABOUT} + {ORDER} * is_over, '', hidden FROM
        (
            SELECT row_id, any(toString(about_source)) AS of_source, any(about_event_id) AS event_id, sum(sign) = 0 AS is_over
            FROM journey_raw.ledger
            WHERE about_event_id != '' AND (about_source, about_event_id) IN {events} GROUP BY row_id
        ) AS row INNER JOIN {into.events} AS event USING (of_source, event_id)
        UNION ALL
        SELECT row_id, {EVENT}, hidden, '' FROM
        (
            SELECT row_id, toString(source) AS of_source, event_id FROM journey_raw.ledger
            WHERE kind IN ('release', 'look') AND (source, event_id) IN {events}
        ) AS row INNER JOIN {into.events} AS event USING (of_source, event_id)
        UNION ALL
        SELECT
            row_id, {IDENTIFIER} * (identifier IN {gone}) + {LINKED} * (linked_identifier IN {gone}) + {PERSON} * (person IN {gone}),
            '', ''
        FROM journey_raw.ledger WHERE kind != 'mark' AND {_naming(gone)}
        UNION ALL
        SELECT row_id, {WALKED}, '', '' FROM journey_raw.ledger
        WHERE kind = 'mark' AND startsWith(walked_to, '{_AT_IDENTIFIER}') AND substring(walked_to, 2) IN {gone}
    )
    GROUP BY row_id"""
