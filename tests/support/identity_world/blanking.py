"""What `touchline erase` does to the rows of those whom all partitions have retracted: whatever names them is blanked.

Of an identifier that is in use again, and of one that is not held at home, the words of partitions stay (docs/decisions/0191).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.support.identity_world.plan import SECRET
from tests.support.identity_world.reader import Reader
from tests.support.identity_world.server import Server
from touchline.processors.ledger.memory_rows import Row, key_of, position_of_row, value_of

_OF_RECORDS = ("received", "attached", "link", "unlink", "claim")
_NAMES = ("identifier", "linked_identifier", "person", "consent_id", "order_id", "comment", "payload")
Record = tuple[int, tuple[str, str]]
"""(position, key)"""


def may_blank(server: Server, partitions: int) -> bool:
    """Whether the newest marks of all partitions say that every request was followed."""
    progress = server.progress().values()
    newest = max((one.number for one in server.erasures), default=0)
    return len(progress) == partitions and all(one.erasure >= newest for one in progress)


def records_of(server: Server) -> set[Record]:
    """The records that are erased and do not wait to be, or count on as nobody's."""
    hidden = {(position_of_row(row), value_of(row, "source")) for row in server.standing("received", _is_hidden)}
    waiting = {(position_of_row(row), key_of(row)) for row in server.standing("claim")}
    return {
        (position_of_row(row), key_of(row))
        for row in server.asserted("received")
        if not _is_hidden(row)
        and (row["fate"] == "erased" or (position_of_row(row), value_of(row, "source")) in hidden)
    } - waiting


def _is_hidden(row: Row) -> bool:
    return str(value_of(row, "event_id")).startswith("erased:")


def blank(server: Server, records: Collection[Record], sign: int) -> None:
    """The rows of these records with this sign."""
    for row in server.rows:
        if row["kind"] in _OF_RECORDS and row["sign"] == sign and (position_of_row(row), key_of(row)) in records:
            row |= dict.fromkeys((name for name in _NAMES if name in row), "")
            row["event_id"] = SECRET.hidden_id(*key_of(row))


def blank_words(server: Server, reader: Reader, home: Any, records: Collection[Record]) -> None:
    """What partitions said to each other, and the requests themselves."""
    erased = {key for _, key in records} - {key_of(row) for row in server.standing("claim")}
    names = {one.identifier for one in server.erasures} - {""}
    in_use = {
        str(value_of(row, name))
        for kind in ("received", "link", "unlink", "claim")
        for row in server.standing(kind, lambda row: row.get("fate") != "erased")
        for name in ("identifier", "linked_identifier")
    }
    gone = {one for one in names - in_use if reader.holder(one) == home(one.encode())}
    for row in server.rows:
        if row["kind"] in ("away", "handoff") and row["identifier"] in gone:
            row["identifier"] = ""
        elif row["kind"] in ("release", "look") and key_of(row) in erased:
            row["event_id"] = SECRET.hidden_id(*key_of(row))
    for one in gone:
        reader.handoffs.pop(one, None)
    server.erasures = [one._replace(identifier="") for one in server.erasures]
