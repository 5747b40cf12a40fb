"""The rows of the ledger's in-memory twin, and what is found among them by their kind alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from touchline.processors.ledger.columns import default_of
from touchline.processors.ledger.queries import LEFT_OUT
from touchline.processors.ledger.rows import Insert, partition_of_row
from touchline.processors.values.records import Fact, position_of

Row = dict[str, Any]


class MemoryRows:
    """All rows of all inserts, in order, without the columns that hold nothing but defaults."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def standing(self, kind: str, accepts: Callable[[Row], bool] = lambda row: True) -> list[Row]:
        """Rows of a kind that were asserted and not retracted."""
        retracted = {row["row_id"] for row in self.rows if row["kind"] == kind and row["sign"] < 0}
        return [
            row
            for row in self.rows
            if row["kind"] == kind and row["sign"] > 0 and row["row_id"] not in retracted and accepts(row)
        ]

    def asserted(self, *kinds: str) -> Iterator[Row]:
        """Rows of these kinds that were ever asserted, retracted since or not."""
        return (row for row in self.rows if row["kind"] in kinds and row["sign"] > 0)

    def stored_facts(self, accepts: Callable[[Row], bool]) -> list[tuple[int, Fact]]:
        """(position, fact) of the stored events among these rows, without what only judging reads."""
        rows = self.standing("received", lambda row: row["fate"] == "stored" and accepts(row))
        return [(position_of_row(row), fact_of(row, LEFT_OUT)) for row in rows]


def rows_of(insert: Insert) -> list[Row]:
    """The rows of an insert, without the columns that hold nothing but defaults."""
    names = [column.name for column in insert.columns]
    columns = [column.values() for column in insert.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def fact_of(row: Row, left_out: Collection[str] = ()) -> Fact:
    """What a received row says."""
    return Fact._make(default_of(name) if name in left_out else value_of(row, name) for name in Fact._fields)


def is_version(row: Row) -> bool:
    """Not refused: a received row that is a version of its event, whether it counts or not."""
    return row["fate"] in ("stored", "superseded", "erased") or value_of(row, "reason") == "conflict"


def key_of(row: Row) -> tuple[str, str]:
    """(source, event id)"""
    return (value_of(row, "source"), value_of(row, "event_id"))


def partition_of(row: Row) -> int:
    """The partition of the row's stream."""
    return int(row["stream"].rpartition("/")[2])


def position_of_row(row: Row) -> int:
    """Where the record of a row lies: an attached row names its partition, any other one lies in it."""
    is_attached = row["kind"] == "attached"
    partition = value_of(row, "record_partition") if is_attached else partition_of_row(row["row_id"])
    return position_of(partition, row["offset"])


def value_of(row: Row, name: str) -> Any:
    """The value of a column, or what stands where nothing was said."""
    return row.get(name, default_of(name))
