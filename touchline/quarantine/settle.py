"""How an entry ends: one appended row. The ledger's own rows stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum, unique
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.errors import WrongUsage
from touchline.quarantine.entries import Entry
from touchline.schemas.personal.find import mask

NOTE_CHARACTERS_MAX = 500


@unique
class SettledAs(StrEnum):
    """Why an entry needs nobody any more."""

    REPLAYED = "replayed"
    """The event is in the ledger: sent again by `touchline quarantine replay`, or there by another way."""
    REPEATED = "repeated"
    """The entry is itself a replay that a worker refused once more; the entry that it repeats stays open."""
    DISCARDED = "discarded"
    """Somebody decided so, and said why."""


class Settlement(NamedTuple):
    """The end of one quarantined record."""

    stream: str
    offset: int
    outcome: SettledAs
    note: str


def settle(client: Client, settlements: Iterable[Settlement], now: datetime | None = None) -> None:
    """Append them in one insert. A record that is settled twice keeps its first settlement."""
    at = now or datetime.now(UTC)
    rows = [(one.stream, one.offset, one.outcome.value, one.note, at) for one in settlements]
    if rows:
        client.execute("INSERT INTO journey_raw.settlements VALUES", rows)


def discarded(entries: Iterable[Entry], because: str) -> list[Settlement]:
    """The end of these entries, with its reason, where personal values are masked: it stands in a view. Raises WrongUsage without one."""
    note = mask(" ".join(because.split()), is_comment=True).text
    if not note:
        raise WrongUsage("no reason is given", 'say why, for example --because "test records of the new till"')
    if len(note) > NOTE_CHARACTERS_MAX:
        raise WrongUsage(
            f"the reason has {len(note)} characters", f"say it in {NOTE_CHARACTERS_MAX}; it stands in the view"
        )
    return [Settlement(one.stream, one.offset, SettledAs.DISCARDED, note) for one in entries]
