"""Records in quarantine that name a person. Nothing but their bytes says whose they are, so these are opened and looked through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from clickhouse_driver import Client

from touchline.export.named_in import NamedIn, Wanted
from touchline.processors.steps.cipher import Cipher
from touchline.quarantine.entries import Entry, EntryFilter, read_open, read_sealed, read_settled
from touchline.quarantine.keep import State, open_sealed, pages


def count_quarantined(client: Client, cipher: Cipher, wanted: Sequence[Wanted], now: datetime) -> list[int]:
    """Of each person the records that name it, settled ones, too."""
    counts = [0] * len(wanted)
    named = NamedIn(wanted)
    for _, value in opened(client, cipher, now):
        for place in named.persons(value):
            counts[place] += 1
    return counts


def opened(client: Client, cipher: Cipher, now: datetime) -> Iterator[tuple[Entry, bytes]]:
    """All entries, open or settled, whose bytes are kept and can be opened, with these."""
    entries = [*read_open(client, EntryFilter()), *read_settled(client, EntryFilter())]
    for page in pages([one for one in entries if one.sealed_bytes]):
        sealed = read_sealed(client, page)
        for entry in page:
            kept = open_sealed(entry, sealed.get((entry.stream, entry.offset), ""), cipher, now)
            if kept.state is State.KEPT:
                yield entry, kept.value
