"""Records in quarantine that name a person: their bytes are opened and looked through, since nothing else says whose they are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from clickhouse_driver import Client

from touchline.export.named_in import NamedIn, Wanted, read_json
from touchline.export.values import KeptOut
from touchline.processors.steps.cipher import Cipher
from touchline.quarantine.entries import Entry, EntryFilter, read_open, read_sealed, read_settled
from touchline.quarantine.keep import Kept, State, open_sealed, pages


def find_kept_out(
    client: Client, cipher: Cipher, keys: Collection[str], raw: str, now: datetime
) -> tuple[list[KeptOut], int]:
    """The records that name one of these person keys, or the raw value, and how many could not be opened."""
    found, locked = [], 0
    named = NamedIn([Wanted(keys, [raw])])
    entries = [*read_open(client, EntryFilter()), *read_settled(client, EntryFilter())]
    for page in pages([one for one in entries if one.sealed_bytes]):
        sealed = read_sealed(client, page)
        for entry in page:
            kept = open_sealed(entry, sealed.get((entry.stream, entry.offset), ""), cipher, now)
            locked += kept.state is State.LOCKED
            if kept.state is State.KEPT and named.persons(kept.value):
                found.append(_told(entry, kept))
    return sorted(found, key=lambda one: (one.received_at, one.position)), locked


def _told(entry: Entry, kept: Kept) -> KeptOut:
    read = read_json(kept.value)
    record = kept.value.decode("utf-8", "replace") if read is None else read
    known = (entry.position, entry.received_at, entry.source, entry.event_id, entry.reason, entry.field, entry.outcome)
    return KeptOut(*known, record)
