"""Which records wait to be blanked: no journey counts them any more, but their rows still name somebody.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.person.ask import SETTINGS
from touchline.schemas.erasure import HIDDEN_ID

RECORD_KINDS: Final = "('received', 'attached', 'link', 'unlink', 'claim')"
"""Kinds of rows that are of one record."""
RECORD_PARTITION: Final = "toUInt64(if(kind = 'attached', record_partition, bitShiftRight(row_id, 52)))"
"""Of such a row the partition of its record: offsets alone name records within one partition."""


class DueRecord(NamedTuple):
    """A record by its place in Kafka, and the event that it brought. Of several incarnations of a topic records may share a place."""

    partition: int
    offset: int
    source: str
    event_id: str


class Due(NamedTuple):
    """What waits: records, and rows of them by kind."""

    records: int
    rows: Mapping[str, int]

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self.records


def due(client: Client) -> Due:
    """What waits to be blanked. Records of which any partition still publishes something are not among it: their time comes."""
    ((records, *counts),) = client.execute(_COUNTS, settings=SETTINGS)
    return Due(records, {kind: rows for kind, rows in zip(_COUNTED, counts, strict=True) if rows})


def due_records(client: Client, count: int) -> list[DueRecord]:
    """The first so many of them, in the order of their places."""
    return [DueRecord(*row) for row in client.execute(_RECORDS, {"count": count}, settings=SETTINGS)]


_COUNTED: Final = ("received", "attached", "link", "unlink", "claim")
_REAL = f"event_id != '' AND NOT match(event_id, '{HIDDEN_ID}')"
# Of a record whose id is hidden by now nothing stands under the real one; of any other record exactly one received row does. Whatever
# became of a record that was stored once, a retraction tells of it.
_DUE = f"""
SELECT
    {RECORD_PARTITION} AS partition, offset, toString(source) AS of_source, event_id,
    {", ".join(f"countIf(kind = '{kind}') AS {kind}_rows" for kind in _COUNTED)}
FROM journey_raw.ledger
WHERE kind IN {RECORD_KINDS} AND (source, event_id) IN (
    SELECT source, event_id FROM journey_raw.ledger WHERE kind = 'received' AND (sign = -1 OR fate = 'erased') AND {_REAL})
GROUP BY partition, offset, of_source, event_id
HAVING received_rows > 0 AND sumIf(sign, kind != 'received') = 0
    AND (sumIf(sign, kind = 'received') = 0 OR sumIf(sign, kind = 'received' AND fate = 'erased') > 0)"""
_COUNTS = f"SELECT count(), {', '.join(f'sum({kind}_rows)' for kind in _COUNTED)} FROM ({_DUE})"
_RECORDS = f"""
SELECT partition, offset, of_source, event_id FROM ({_DUE})
ORDER BY partition, offset, of_source, event_id LIMIT %(count)s"""
