"""What was said about identifiers, as the rules of `touchline/identity` take it, and what they make of each row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from touchline.identity.components import Components
from touchline.identity.links import History, Identifier, Link, Newest, Pair, Unlink, joins, pair_of
from touchline.person.values import Evidence
from touchline.schemas.identifiers import MERGE_NOBODY, order_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SaidRow(NamedTuple):
    """A row of the ledger of kind link or unlink, that stands."""

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
        """Both identifiers."""
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
    links: list[Link] = []
    unlinks: list[Unlink] = []
    for row in rows:
        at, event, (one, other) = time_us(row.time), (row.source, row.event_id), row.ends
        if row.kind == "link":
            links.append(Link(at, event, one, other))
        else:
            unlinks.append(Unlink(at, event, one, other))
    return History(links, unlinks)


def evidence_of(
    rows: Iterable[SaidRow], newest: Newest, found: Components, links: Mapping[Pair, Collection[int]]
) -> list[Evidence]:
    """Each row with what became of it, in the order of its time. `links` are those of the found ones that count, with all times of each."""
    told = [Evidence(row.time, row.kind, *row[2:], _state(row, newest, found, links)) for row in rows]
    return sorted(told)


def _state(row: SaidRow, newest: Newest, found: Components, links: Mapping[Pair, Collection[int]]) -> str:
    one, other = row.ends
    if row.kind != "link":
        return "in force"
    if one == other:
        return "says nothing: an identifier with itself"
    if not joins(one, other, MERGE_NOBODY):
        return "joins nobody: a household is not a person"
    if time_us(row.time) not in newest.effective_us(*pair_of(one, other)):
        return "ended: unlinked at its time or later"
    pair = pair_of(one, other)
    if pair in found.cut:
        return "counts for nothing: of a hub"
    if pair in found.links and time_us(row.time) not in links.get(pair, ()):
        return "counts for nothing: the consent to be linked was withdrawn"
    return "in force"
