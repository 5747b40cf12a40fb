"""The ledger's in-memory twin: same contract, no server. For tests and dry runs; it keeps everything in one list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from touchline.processors.ledger.columns import ATTACHED, LINK, default_of
from touchline.processors.ledger.ledger import (
    FenceHeld,
    KnownEvent,
    LinkRow,
    Mark,
    OccasionRow,
    PublishedRow,
    Stream,
    WriterFenced,
)
from touchline.processors.ledger.queries import LEFT_OUT
from touchline.processors.ledger.rows import Insert
from touchline.processors.values.event_hash import hashes_of
from touchline.processors.values.records import NAMES_EVENT, Cursors, Fact, NamingAnswer
from touchline.schemas.events import TOUCHPOINT

Row = dict[str, Any]


class MemoryLedger:
    """All rows of all inserts, in order. One writer's view and the store are the same object here."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.fences: dict[str, tuple[int, str]] = {}

    def acquire(self, stream: Stream, generation: int, writer: str, *, force: bool = False) -> Mark:
        held = self.fences.get(stream.name, (-1, ""))
        if generation < held[0] and not force:
            raise FenceHeld(stream.name)
        marks = [row for row in self.rows if row["kind"] == "mark"]
        own = [row for row in marks if row["stream"] == stream.name]
        same_partition = [row for row in marks if _partition(row) == stream.partition]
        if not own:
            for name in {row["stream"] for row in same_partition}:
                self.fences[name] = (self.fences[name][0] + 1, "")
        self.fences[stream.name] = (generation, writer)
        if own:
            return Mark(own[-1]["insert_number"], own[-1]["offset"])
        return Mark(max((row["insert_number"] for row in same_partition), default=0), -1)

    def last_offset(self, stream: Stream) -> int:
        offsets = [row["offset"] for row in self.rows if (row["kind"], row["stream"]) == ("mark", stream.name)]
        return offsets[-1] if offsets else -1

    def insert(self, insert: Insert) -> None:
        self.check_fence(insert)
        self.rows += rows_of(insert)

    def check_fence(self, insert: Insert) -> None:
        """What the CHECK of the table does. Raises WriterFenced."""
        for row in rows_of(insert):
            if row["kind"] == "mark" and self.fences.get(insert.stream) != (row.get("generation", 0), row["writer"]):
                raise WriterFenced(insert.stream)

    def standing(self, kind: str, accepts: Callable[[Row], bool] = lambda row: True) -> list[Row]:
        """Rows of a kind that were asserted and not retracted."""
        retracted = {row["row_id"] for row in self.rows if row["kind"] == kind and row["sign"] < 0}
        return [
            row
            for row in self.rows
            if row["kind"] == kind and row["sign"] > 0 and row["row_id"] not in retracted and accepts(row)
        ]

    def find_events(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[KnownEvent]:
        wanted = set(keys)
        rows = self.standing(
            "received", lambda row: _is_version(row) and _key(row) in wanted and _partition(row) == partition
        )
        return [KnownEvent._make(_value(row, name) for name in KnownEvent._fields) for row in rows]

    def links_of(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[LinkRow]:
        wanted = set(keys)
        return [
            LinkRow(kind, row["row_id"], row["offset"], tuple(_value(row, name) for name in LINK))
            for kind in ("link", "unlink")
            for row in self.standing(kind, lambda row: _key(row) in wanted and _partition(row) == partition)
        ]

    def facts_of(self, identifiers: Sequence[str]) -> list[tuple[int, Fact]]:
        wanted = set(identifiers)
        return self._facts(lambda row: _value(row, "identifier") in wanted)

    def facts_alone(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[tuple[int, Fact]]:
        wanted = set(keys)
        return self._facts(
            lambda row: not _value(row, "identifier") and _key(row) in wanted and _partition(row) == partition
        )

    def _facts(self, accepts: Callable[[Row], bool]) -> list[tuple[int, Fact]]:
        rows = self.standing("received", lambda row: row["fate"] == "stored" and accepts(row))
        return [
            (
                row["offset"],
                Fact._make(default_of(name) if name in LEFT_OUT else _value(row, name) for name in Fact._fields),
            )
            for row in rows
        ]

    def published_of(
        self, partition: int, identifiers: Sequence[str], events: Sequence[tuple[str, str]]
    ) -> list[PublishedRow]:
        persons, alone = set(identifiers), set(events)

        def is_meant(row: Row) -> bool:
            identifier = _value(row, "identifier")
            return identifier in persons if identifier else _key(row) in alone and _partition(row) == partition

        return [
            PublishedRow(row["row_id"], row["offset"], tuple(_value(row, name) for name in ATTACHED))
            for row in self.standing("attached", is_meant)
        ]

    def occasions_of(self, keys: Sequence[tuple[str, str]]) -> list[OccasionRow]:
        wanted = set(keys)

        def is_meant(row: Row) -> bool:
            return _value(row, "event_type") == TOUCHPOINT and _key(row) in wanted

        zones = {
            (_partition(row), _key(row)): _value(row, "zone")
            for row in self.standing("received", lambda row: row["fate"] == "stored" and is_meant(row))
        }
        return [
            OccasionRow(
                _partition(row),
                row["row_id"],
                row["offset"],
                zones[_partition(row), _key(row)],
                tuple(_value(row, name) for name in ATTACHED),
            )
            for row in self.standing("attached", is_meant)
            if (_partition(row), _key(row)) in zones
        ]

    def positions(self) -> Cursors:
        return {row["stream"]: row["insert_number"] for row in self.rows if row["kind"] == "mark"}

    def cursors_of(self, stream: Stream) -> Cursors | None:
        marks = [row for row in self.rows if row["kind"] == "mark" and row["stream"] == stream.name]
        if marks and _value(marks[-1], "cursors"):
            return dict(marks[-1]["cursors"])
        return {} if any(_partition(row) == stream.partition for row in self._naming()) else None

    def answers_naming(self, partition: int, after: Cursors, until: Cursors) -> list[NamingAnswer]:
        changed = {
            _key(row)
            for row in self.rows
            if row["kind"] == "attached"
            and _value(row, "event_type") == TOUCHPOINT
            and after.get(row["stream"], 0) < row["insert_number"] <= until.get(row["stream"], 0)
        }
        found = [
            NamingAnswer._make(_value(row, name) for name in NamingAnswer._fields)
            for row in self._naming()
            if _partition(row) == partition and (_value(row, "about_source"), row["about_event_id"]) in changed
        ]
        return sorted(set(found))

    def _naming(self) -> Iterator[Row]:
        return (row for row in self.rows if row["kind"] == "received" and _value(row, "about_own") >= NAMES_EVENT)

    def offset_of_insert(self, stream: Stream, insert_number: int) -> int | None:
        for row in self.rows:
            if row["kind"] == "mark" and (row["stream"], row["insert_number"]) == (stream.name, insert_number):
                return int(row["offset"])
        return None

    def _last_since(self, stream: Stream, insert_number: int | None, key: str) -> dict[str, int]:
        last: dict[str, int] = {}
        for row in self._versions_since(stream, insert_number):
            if (key == "source") != bool(_value(row, "identifier")):
                last[row[key]] = max(_value(row, "event_time") + _value(row, "span_us"), last.get(row[key], 0))
        return last

    def _versions_since(self, stream: Stream, insert_number: int | None) -> Iterator[Row]:
        for row in self.rows:
            if row["kind"] != "received" or not _is_version(row):
                continue
            if insert_number is None:
                is_meant = _partition(row) == stream.partition
            else:
                is_meant = row["stream"] == stream.name and row["insert_number"] > insert_number
            if is_meant:
                yield row

    def identifiers_since(self, stream: Stream, insert_number: int | None) -> Iterator[dict[str, int]]:
        found = self._last_since(stream, insert_number, "identifier")
        if found:
            yield found

    def last_unidentified_since(self, stream: Stream, insert_number: int | None) -> dict[str, int]:
        return self._last_since(stream, insert_number, "source")

    def count_ids(self, stream: Stream) -> int:
        return sum(map(len, self.id_hashes_since(stream, None)))

    def id_hashes_since(self, stream: Stream, insert_number: int | None) -> Iterator[Sequence[int]]:
        hashes = hashes_of(_key(row) for row in self._versions_since(stream, insert_number) if row["sign"] > 0)
        if hashes:
            yield hashes


def rows_of(insert: Insert) -> list[Row]:
    """The rows of an insert, without the columns that hold nothing but defaults."""
    names = [column.name for column in insert.columns]
    columns = [column.values() for column in insert.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _is_version(row: Row) -> bool:
    """Not refused: a received row that is a version of its event, whether it counts or not."""
    return row["fate"] in ("stored", "superseded") or _value(row, "reason") == "conflict"


def _key(row: Row) -> tuple[str, str]:
    return (_value(row, "source"), _value(row, "event_id"))


def _partition(row: Row) -> int:
    return int(row["stream"].rpartition("/")[2])


def _value(row: Row, name: str) -> Any:
    return row.get(name, default_of(name))
