"""The ledger's in-memory twin: same contract, no server. For tests and dry runs; it keeps everything in one list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from touchline.processors.ledger.columns import ATTACHED, LINK
from touchline.processors.ledger.ledger import (
    ALL,
    FenceHeld,
    KnownEvent,
    Later,
    LinkRow,
    Mark,
    OccasionRow,
    PublishedRow,
    Stream,
    WriterFenced,
)
from touchline.processors.ledger.memory_across import MemoryAcross, is_between
from touchline.processors.ledger.memory_rows import (
    Row,
    is_version,
    key_of,
    partition_of,
    position_of_row,
    rows_of,
    value_of,
)
from touchline.processors.ledger.rows import Insert
from touchline.processors.values.event_hash import hashes_of
from touchline.processors.values.records import Cursors, Fact, NamingAnswer
from touchline.schemas.events import TOUCHPOINT


class MemoryLedger(MemoryAcross):
    """One writer's view and the store are the same object here."""

    def __init__(self) -> None:
        super().__init__()
        self.fences: dict[str, tuple[int, str]] = {}

    def acquire(self, stream: Stream, generation: int, writer: str, *, force: bool = False) -> Mark:
        held = self.fences.get(stream.name, (-1, ""))
        if generation < held[0] and not force:
            raise FenceHeld(stream.name)
        marks = [row for row in self.rows if row["kind"] == "mark"]
        own = [row for row in marks if row["stream"] == stream.name]
        same_partition = [row for row in marks if partition_of(row) == stream.partition]
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
            if row["kind"] == "mark" and self.fences.get(row["stream"]) != (row.get("generation", 0), row["writer"]):
                raise WriterFenced(row["stream"])

    def find_events(self, keys: Sequence[tuple[str, str]]) -> list[KnownEvent]:
        wanted = set(keys)
        rows = self.standing("received", lambda row: is_version(row) and key_of(row) in wanted)
        return [KnownEvent._make(value_of(row, name) for name in KnownEvent._fields) for row in rows]

    def links_of(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[LinkRow]:
        wanted = set(keys)
        return [
            LinkRow(kind, row["row_id"], row["offset"], tuple(value_of(row, name) for name in LINK))
            for kind in ("link", "unlink")
            for row in self.standing(kind, lambda row: key_of(row) in wanted and partition_of(row) == partition)
        ]

    def facts_of(self, identifiers: Collection[str], later_than_us: Later = ALL) -> list[tuple[int, Fact]]:
        wanted = set(identifiers)
        return self.stored_facts(lambda row: value_of(row, "identifier") in wanted and _is_later(row, later_than_us))

    def facts_alone(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[tuple[int, Fact]]:
        wanted = set(keys)
        return self.stored_facts(
            lambda row: not value_of(row, "identifier") and key_of(row) in wanted and partition_of(row) == partition
        )

    def published_of(
        self,
        partition: int,
        identifiers: Collection[str],
        events: Sequence[tuple[str, str]],
        later_than_us: Later = ALL,
    ) -> list[PublishedRow]:
        persons, alone = set(identifiers), set(events)

        def is_meant(row: Row) -> bool:
            identifier = value_of(row, "identifier")
            if identifier:
                return identifier in persons and _is_later(row, later_than_us)
            return key_of(row) in alone and partition_of(row) == partition

        return [
            PublishedRow(row["row_id"], position_of_row(row), tuple(value_of(row, name) for name in ATTACHED))
            for row in self.standing("attached", is_meant)
        ]

    def occasions_of(self, keys: Sequence[tuple[str, str]]) -> list[OccasionRow]:
        wanted = set(keys)

        def is_meant(row: Row) -> bool:
            return value_of(row, "event_type") == TOUCHPOINT and key_of(row) in wanted

        zones = {
            (position_of_row(row), key_of(row)): value_of(row, "zone")
            for row in self.standing("received", lambda row: row["fate"] == "stored" and is_meant(row))
        }
        return [
            OccasionRow(
                row["row_id"],
                position_of_row(row),
                zones[position_of_row(row), key_of(row)],
                tuple(value_of(row, name) for name in ATTACHED),
            )
            for row in self.standing("attached", is_meant)
            if (position_of_row(row), key_of(row)) in zones
        ]

    def answers_naming(self, partition: int, after: Cursors, until: Cursors) -> list[NamingAnswer]:
        changed = {
            key_of(row)
            for row in self.rows
            if row["kind"] == "attached" and value_of(row, "event_type") == TOUCHPOINT and is_between(row, after, until)
        }
        found = [
            NamingAnswer._make(value_of(row, name) for name in NamingAnswer._fields)
            for row in self._naming()
            if partition_of(row) == partition and (value_of(row, "about_source"), row["about_event_id"]) in changed
        ]
        return sorted(set(found))

    def offset_of_insert(self, stream: Stream, insert_number: int) -> int | None:
        for row in self.rows:
            if row["kind"] == "mark" and (row["stream"], row["insert_number"]) == (stream.name, insert_number):
                return int(row["offset"])
        return None

    def _last_since(self, stream: Stream, insert_number: int | None, key: str) -> dict[str, int]:
        last: dict[str, int] = {}
        for row in self._versions_since(stream, insert_number):
            if (key == "source") != bool(value_of(row, "identifier")):
                last[row[key]] = max(value_of(row, "event_time") + value_of(row, "span_us"), last.get(row[key], 0))
        return last

    def _versions_since(self, stream: Stream, insert_number: int | None) -> Iterator[Row]:
        for row in self.rows:
            if row["kind"] != "received" or not is_version(row):
                continue
            if insert_number is None:
                is_meant = partition_of(row) == stream.partition
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
        hashes = hashes_of(key_of(row) for row in self._versions_since(stream, insert_number) if row["sign"] > 0)
        if hashes:
            yield hashes


def _is_later(row: Row, later_than_us: Later) -> bool:
    return bool(value_of(row, "event_time") > later_than_us.get(value_of(row, "identifier"), -1))
