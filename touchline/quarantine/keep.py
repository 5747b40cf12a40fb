"""The original bytes of an entry: kept encrypted for 90 days, opened with the key that the workers have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import NamedTuple

from cryptography.exceptions import InvalidTag

from touchline.processors.steps.cipher import Cipher
from touchline.quarantine.entries import Entry
from touchline.schemas.reasons import Reason

TERM = timedelta(days=90)
"""As the ledger's column `payload` has it (TTL)."""
PAGE_ENTRIES = 2_000
PAGE_BYTES = 32 << 20


@unique
class State(StrEnum):
    """What there is of the bytes."""

    KEPT = "kept"
    EXPIRED = "expired"
    """The term has passed: they are gone."""
    NONE = "none"
    """There never were any: the record had no value, or it was a valid event that lost later (see `touchline trace`)."""
    LOCKED = "locked"
    """They are encrypted under a key that payload_key_file does not hold."""


class Kept(NamedTuple):
    """An entry with its bytes, where there are any."""

    entry: Entry
    state: State
    value: bytes


def state_of(entry: Entry, now: datetime) -> State:
    """Without opening anything."""
    if entry.sealed_bytes:
        return State.KEPT
    # A payload was sealed under a key; without one nothing was ever kept.
    return State.EXPIRED if entry.cipher_key_id or entry.stored_at + TERM < now else State.NONE


def open_sealed(entry: Entry, sealed: str, cipher: Cipher, now: datetime) -> Kept:
    """Decrypt. A key that does not fit is a state, not an error: other entries may be under another key."""
    if not sealed:
        return Kept(entry, state_of(entry._replace(sealed_bytes=0), now), b"")
    context = (
        f"{entry.source}\0{entry.event_id}" if entry.reason == Reason.CONFLICT else f"{entry.stream}\0{entry.offset}"
    )
    try:
        return Kept(entry, State.KEPT, cipher.open(sealed, context))
    except InvalidTag:
        return Kept(entry, State.LOCKED, b"")


def pages(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Cut into pages whose bytes fit into memory together."""
    page: list[Entry] = []
    size = 0
    for entry in entries:
        if page and (len(page) == PAGE_ENTRIES or size + entry.sealed_bytes > PAGE_BYTES):
            yield page
            page, size = [], 0
        page.append(entry)
        size += entry.sealed_bytes
    if page:
        yield page
