"""Where identifiers are at home, who holds them, and what all partitions have read: the pure rules of touchline/identity over the ledger.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from touchline.identity.holder import Handoff, holders, newest_handoffs
from touchline.identity.passed import LedgerPosition, passed
from touchline.processors.ledger.rows import insert_of_row, partition_of_row
from touchline.processors.news import News
from touchline.processors.state.partition import Given, Partition
from touchline.processors.values.records import Cursors


class Homes(NamedTuple):
    """`of` gives the partition to which a Kafka key hashes; `partition_count` is the number of the topic's partitions, which never
    changes."""

    of: Callable[[bytes], int]
    partition_count: int

    def of_identifier(self, identifier: str) -> int:
        """The home of an identifier: its holder at first, and the leader of a component of which it is the smallest."""
        return self.of(identifier.encode())

    def has(self, partition: int, identifier: str) -> bool:
        """Whether the identifier is at home in that partition."""
        return self.of_identifier(identifier) == partition


class Holding(NamedTuple):
    """Of looked up identifiers the newest handoff that this partition knows, and those that it holds."""

    newest: Mapping[str, Handoff[str]]
    held: set[str]


def holding(partition: Partition, identifiers: Collection[str], cursors: Cursors, homes: Homes) -> Holding:
    """Who holds these identifiers, as this partition knows by these cursors."""
    own = partition.number
    newest = _newest(partition, identifiers, cursors)
    holder_of = holders(identifiers, newest, homes.of_identifier)
    return Holding(newest, {one for one, holder in holder_of.items() if holder == own})


def _newest(partition: Partition, identifiers: Collection[str], cursors: Cursors) -> dict[str, Handoff[str]]:
    """The newest handoffs that this partition knows. Rows up to these cursors, and its own up to its mark, were all there when it asked
    first, so each identifier is asked for once."""
    given = partition.given
    if given is None or given.until != cursors or given.insert_number != partition.mark.insert_number:
        given = partition.given = Given(cursors, partition.mark.insert_number, set(), {})
    missing = set(identifiers) - given.asked
    if missing:
        missing |= partition.remembered.near(missing) - given.asked
        rows = partition.ledger.handoffs_of(missing)
        handoffs = (
            Handoff(row.identifier, row.handoff_number, position_of_row(row.row_id), row.handoff_to) for row in rows
        )
        given.newest.update(newest_handoffs(handoffs, partition.number, by_partition(cursors)))
        given.asked.update(missing)
    return {one: given.newest[one] for one in identifiers if one in given.newest}


def position_of_row(row_id: int) -> LedgerPosition:
    """Where a row lies: its partition, and the insert that asserted it."""
    return LedgerPosition(partition_of_row(row_id), insert_of_row(row_id))


def by_partition(cursors: Cursors) -> dict[int, int]:
    """The highest insert that was read of each partition: of its streams, one for each incarnation of the topic, the numbers go on."""
    highest: dict[int, int] = {}
    for stream, insert_number in cursors.items():
        number = int(stream.rpartition("/")[2])
        highest[number] = max(insert_number, highest.get(number, 0))
    return highest


def passed_of(
    partition: Partition, news: News, homes: Homes
) -> Callable[[Iterable[LedgerPosition]], set[LedgerPosition]]:
    """Tells which of some positions every other partition has read: by its newest mark, and here by the news."""
    stream = partition.stream
    cursors_of = {
        number: by_partition(news.progress[name].cursors)
        for number in range(homes.partition_count)
        if (name := stream._replace(partition=number).name) in news.progress
    }
    cursors_of[partition.number] = by_partition(news.until)
    return lambda positions: passed(positions, range(homes.partition_count), cursors_of)
