"""What was said about identifiers, as the rules of `touchline/identity` take it, and what they make of each row."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from touchline.identity.components import Components
from touchline.identity.links import Erasure, History, Identifier, Link, Newest, Pair, Unlink, pair_of
from touchline.person.values import Evidence
from touchline.schemas.identifiers import MERGE_NOBODY, order_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SaidRow(NamedTuple):
    """A row of the ledger of kind link, unlink or erase, that stands."""

    kind: str
    time: datetime
    source: str
    event_id: str
    event_type: str
    identifier: str
    identifier_type: str
    linked_identifier: str
    linked_identifier_type: str
    stored_at: datetime

    @property
    def ends(self) -> tuple[Identifier, Identifier]:
        """Both identifiers; of an erasure the second one means nothing."""
        return (
            identifier_of(self.identifier, self.identifier_type),
            identifier_of(self.linked_identifier, self.linked_identifier_type),
        )


def identifier_of(key: str, identifier_type: str) -> Identifier:
    """With the place of its type."""
    place, name = order_of(identifier_type)
    return Identifier(place, name, key)


def time_us(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(microseconds: int) -> datetime:
    """The same back."""
    return _EPOCH + timedelta(microseconds=microseconds)


def history_of(rows: Iterable[SaidRow]) -> History:
    """The rows as a history."""
    history: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    for row in rows:
        at, event, (one, other) = time_us(row.time), (row.source, row.event_id), row.ends
        if row.kind == "link":
            history[0].append(Link(at, event, one, other))
        elif row.kind == "unlink":
            history[1].append(Unlink(at, event, one, other))
        else:
            history[2].append(Erasure(at, event, one))
    return History(*history)


def evidence_of(rows: Iterable[SaidRow], newest: Newest, found: Components) -> list[Evidence]:
    """Each row with what became of it, in the order of its time."""
    told = [Evidence(row.time, row.kind, *row[2:], _state(row, newest, found.cut)) for row in rows]
    return sorted(told)


def _state(row: SaidRow, newest: Newest, cut: Collection[Pair]) -> str:
    one, other = row.ends
    if row.kind != "link":
        return "in force"
    if one == other:
        return "says nothing: an identifier with itself"
    if {one.type, other.type} & MERGE_NOBODY:
        return "joins nobody: a household is not a person"
    if time_us(row.time) not in newest.effective_us(*pair_of(one, other)):
        return "ended: unlinked or erased at its time or later"
    if pair_of(one, other) in cut:
        return "counts for nothing: of a hub"
    return "in force"
