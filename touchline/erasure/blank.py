"""Blanks what was erased: nothing in the ledger tells any more whose it was. What is left is what counts, and hidden ids.

A row and its retraction must change at the same moment, else one of them would count alone: a journey is a sum over the rows of a person.
The server changes the rows of one part at once, and those of several parts one part after the other. So what is to be blanked together is
first merged into one part. A kill leaves all of a step undone, or none of it.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.erasure.due import DueRecord, due_records
from touchline.erasure.gather import (
    ABOUT,
    ALL_OF_IT,
    EVENT,
    IDENTIFIER,
    LINKED,
    ORDER,
    PERSON,
    WALKED,
    gather_named,
    gather_records,
    gather_rows,
)
from touchline.erasure.merging import require_one_kind_of_parts, require_room
from touchline.erasure.volatile import Volatile, drop_leftovers, volatile_tables
from touchline.errors import TouchlineError
from touchline.schemas.erasure import ErasureSecret
from touchline.wording import counted

RECORDS_MAX: Final = 50_000
"""In one step: some hundred megabytes of the server's memory."""
_MERGES_MAX: Final = 20
"""Merges that a step waits for. One is enough but where another merge was under way."""
_WAIT: Final = {"mutations_sync": 2}


class Blanked(NamedTuple):
    """How many records, and rows of each kind; rows of others that named them are among these."""

    records: int
    rows: Mapping[str, int]


def blank(
    client: Client, secret: ErasureSecret, progress: Callable[[str], None], records_max: int = RECORDS_MAX
) -> Blanked:
    """Blank all that is due, some records at a time, then identifiers for which nothing stands any more. May be repeated, and may run
    twice at once. The bytes leave the disk when the server drops the parts that it has replaced (`old_parts`).

    The server says nothing while it merges and rewrites the ledger: a client must wait hours for an answer (connect's `timeout_seconds`).
    Raises TouchlineError where the server cannot merge the ledger, and why: before it is told to.
    """
    drop_leftovers(client)
    records, rows, before = 0, Counter[str](), list[DueRecord]()
    while found := due_records(client, records_max):
        if found == before:
            raise TouchlineError(
                "what was to be blanked is still there", "run it again; if it stays so, look into system.mutations"
            )
        rows.update(_step(client, secret, found, progress))
        records += len(found)
        progress(f"blanked {counted(records, 'record')}")
        before = found
    rows.update(_step(client, secret, (), progress))
    return Blanked(records, dict(rows))


def old_parts(client: Client) -> int:
    """How many parts that were replaced the server has not dropped yet: until then the old bytes are on the disk. It drops them within
    `old_parts_lifetime`, when it looks next; of a ledger into which nothing is inserted that may be minutes later."""
    ((parts,),) = client.execute(
        "SELECT count() FROM system.parts WHERE database = 'journey_raw' AND table IN ('ledger', 'erasures') AND NOT active"
    )
    return int(parts)


def _step(
    client: Client, secret: ErasureSecret, records: Sequence[DueRecord], progress: Callable[[str], None]
) -> Mapping[str, int]:
    """Rows by kind. Without records: what is left of identifiers alone."""
    with volatile_tables(client) as tables:
        if records:
            gather_records(client, records, secret, tables)
        else:
            gather_named(client, tables)
        gather_rows(client, tables)
        rows = _put_together(client, tables, progress)
        if rows:
            client.execute(_update(tables), settings=_WAIT)
        return rows


def _put_together(client: Client, tables: Volatile, progress: Callable[[str], None]) -> Mapping[str, int]:
    """Merge until all gathered rows lie in one part; the rows by kind. Parts are merged and never split, so they stay together."""
    for _ in range(_MERGES_MAX):
        found = client.execute(_PARTS.format(rows=tables.rows))
        if found:
            require_room(client)
        if len({part for _, part, _ in found}) <= 1:
            return {kind: rows for kind, _, rows in found}
        require_one_kind_of_parts(client)
        progress("merging the ledger, so that a row and its retraction are blanked at once")
        client.execute("OPTIMIZE TABLE journey_raw.ledger FINAL")
    raise TouchlineError(
        "ClickHouse does not merge the ledger into one part",
        "look into system.merges and the server's log, then run it again",
    )


_PARTS = """
SELECT toString(kind), _part, count() FROM journey_raw.ledger WHERE row_id IN (SELECT row_id FROM {rows}) GROUP BY kind, _part"""


def _update(tables: Volatile) -> str:
    """One statement for all that changes; it names no value, since the server keeps its text."""
    asked = f"joinGet('{tables.rows}', '{{}}', row_id)"
    what, hidden, about = map(asked.format, ("what", "hidden", "about"))
    new = {
        "event_id": f"if(bitAnd({what}, {ALL_OF_IT | EVENT}) > 0, {hidden}, event_id)",
        "about_event_id": f"multiIf(bitAnd({what}, {ALL_OF_IT}) > 0, '', bitAnd({what}, {ABOUT}) > 0, {about}, about_event_id)",
        "identifier": f"if(bitAnd({what}, {ALL_OF_IT | IDENTIFIER}) > 0, '', identifier)",
        "linked_identifier": f"if(bitAnd({what}, {ALL_OF_IT | LINKED}) > 0, '', linked_identifier)",
        "person": f"if(bitAnd({what}, {ALL_OF_IT | PERSON}) > 0, '', person)",
        "walked_to": f"if(bitAnd({what}, {WALKED}) > 0, '', walked_to)",  # such a walk begins anew after a restart
        "properties": f"if(bitAnd({what}, {ALL_OF_IT}) > 0, CAST(map(), 'Map(LowCardinality(String), String)'), properties)",
    }
    new["order_id"] = f"if(bitAnd({what}, {ALL_OF_IT | ORDER}) > 0, '', order_id)"
    new |= {
        name: f"if(bitAnd({what}, {ALL_OF_IT}) > 0, '', {name})"
        for name in ("consent_id", "comment", "payload", "cipher_key_id")
    }
    changes = ",\n    ".join(f"{name} = {value}" for name, value in new.items())
    return f"ALTER TABLE journey_raw.ledger UPDATE\n    {changes}\nWHERE {what} > 0"
