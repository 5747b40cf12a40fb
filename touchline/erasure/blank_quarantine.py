"""Records in quarantine that name somebody who is erased lose their bytes and ids, long before their term.

What such a record says is known only when its bytes are opened, so they are looked through as for an export (touchline/export). The entry
stays, as one of which no bytes are kept: the account still has it.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

from clickhouse_driver import Client

from touchline.erasure.quarantined import opened
from touchline.erasure.volatile import drop_leftovers, volatile_tables
from touchline.export.named_in import NamedIn, Wanted
from touchline.processors.steps.cipher import Cipher
from touchline.schemas.reasons import Reason

_WAIT: Final = {"mutations_sync": 2}


def blank_quarantine(client: Client, cipher: Cipher, keys: Collection[str], raw_values: Collection[str]) -> int:
    """Blank the entries, open or settled, whose bytes name one of the person keys or of the values as they are. Returns how many; those
    that are under another key than the cipher's stay. May be repeated.

    A conflict is a version of an event that somebody else may have sent, too: it keeps its id, by which other versions are judged.
    """
    named = NamedIn([Wanted(keys, raw_values)])
    found = [entry for entry, value in opened(client, cipher, datetime.now(UTC)) if named.persons(value)]
    if not found:
        return 0
    drop_leftovers(client)
    with volatile_tables(client) as tables:
        client.execute(f"INSERT INTO {tables.named} (name) VALUES", [(f"{one.stream}/{one.offset}",) for one in found])
        client.execute(
            f"INSERT INTO {tables.rows} SELECT DISTINCT row_id, 1, '', '' FROM journey_raw.ledger "
            "WHERE kind = 'received' AND fate = 'quarantined' "
            f"AND concat(stream, '/', toString(offset)) IN (SELECT name FROM {tables.named})"
        )
        client.execute(_UPDATE.format(rows=tables.rows), settings=_WAIT)
    return len(found)


_UPDATE = f"""
ALTER TABLE journey_raw.ledger UPDATE
    payload = '', cipher_key_id = '', event_id = if(reason = '{Reason.CONFLICT.value}', event_id, '')
WHERE joinGet('{{rows}}', 'what', row_id) > 0"""
