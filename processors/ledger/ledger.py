"""What the store loop needs of the ledger. Two implementations are held to one contract test: ClickHouse and the in-memory twin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from touchline.processors.ledger.rows import Insert
from touchline.processors.values.records import Cursors, Fact, NamingAnswer


class WriterFenced(Exception):
    """Another writer owns the stream: nothing of this insert was stored."""


class LedgerUnavailable(Exception):
    """No answer, or an ambiguous one: the insert may or may not be stored. Acquire again before anything else."""


class RecordsRefused(Exception):
    """ClickHouse will never store these rows, however often they are sent: a value among them is not for its column. Nothing was
    stored."""


class FenceHeld(Exception):
    """A newer generation stands in the fence."""


class Stream(NamedTuple):
    """One partition of one incarnation of a topic: a re-created topic has another id and restarts its offsets."""

    topic: str
    incarnation: str
    partition: int

    @property
    def name(self) -> str:
        """As it stands in the ledger."""
        return f"{self.topic}/{self.incarnation}/{self.partition}"


class Mark(NamedTuple):
    """How far a stream has come. `last_offset` is -1 where nothing is stored yet."""

    insert_number: int
    last_offset: int


class KnownEvent(NamedTuple):
    """A received row that stands (not retracted) and is no duplicate: one version of one (source, id)."""

    source: str
    event_id: str
    revision: int
    payload_hash: int
    completeness: int
    fate: str
    reason: str
    offset: int
    row_id: int
    identifier: str


class PublishedRow(NamedTuple):
    """An attached row that stands: its values in the order of columns.ATTACHED."""

    row_id: int
    offset: int
    values: tuple[object, ...]


class OccasionRow(NamedTuple):
    """A standing attached row of an event that an answer may name, of any partition; `zone` is that of its local day."""

    partition: int
    row_id: int
    offset: int
    zone: str
    values: tuple[Any, ...]


class LinkRow(NamedTuple):
    """A link or unlink that stands: its values in the order of columns.LINK."""

    kind: str
    row_id: int
    offset: int
    values: tuple[object, ...]


class Ledger(Protocol):
    """The ledger as one writer sees it. Every method raises LedgerUnavailable when ClickHouse gives no clear answer."""

    def acquire(self, stream: Stream, generation: int, writer: str, *, force: bool = False) -> Mark:
        """Become the stream's writer, wait until no other insert of the stream is under way, and read the mark.

        A stream without a mark starts above every insert number of its partition, so that row ids never repeat.
        Raises FenceHeld when a newer generation stands in the fence (`force`: the caller has made sure that it is current).
        """

    def last_offset(self, stream: Stream) -> int:
        """The stream's last durable offset, whoever writes it; -1 where nothing is stored."""

    def insert(self, insert: Insert) -> None:
        """Store all rows of the insert or none. Raises WriterFenced when the fence names another writer, RecordsRefused when a value
        cannot be stored."""

    def find_events(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[KnownEvent]:
        """All versions that stand in the partition of the given (source, event id) pairs: stored, superseded, in conflict.
        Another partition's rows are its own worker's to retract."""

    def links_of(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[LinkRow]:
        """The links and unlinks that these events of the partition said, as far as they stand."""

    def facts_of(self, identifiers: Sequence[str]) -> list[tuple[int, Fact]]:
        """(offset, fact) of every stored event of these identifiers, in any order. What only judging
        reads (`payload_hash`, `completeness`) and texts are left out."""

    def published_of(
        self, partition: int, identifiers: Sequence[str], events: Sequence[tuple[str, str]]
    ) -> list[PublishedRow]:
        """The attached rows that stand: of these identifiers, and of the partition's (source, event id) pairs without an
        identifier."""

    def facts_alone(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[tuple[int, Fact]]:
        """(offset, fact) of the partition's stored events of these (source, event id) pairs that name nobody."""

    def occasions_of(self, keys: Sequence[tuple[str, str]]) -> list[OccasionRow]:
        """The attached rows that stand of the touchpoint events with these (source, event id) pairs, in any partition."""

    def positions(self) -> Cursors:
        """The number of the newest insert of each stream that ever was. All inserts up to it can be read."""

    def cursors_of(self, stream: Stream) -> Cursors | None:
        """What stands in the stream's newest mark: up to where changes of occasions were followed. None while no answer of the partition
        names an event."""

    def answers_naming(self, partition: int, after: Cursors, until: Cursors) -> list[NamingAnswer]:
        """The partition's answers that name an event of which an insert after `after` and up to `until` holds an attached row, of either
        sign. Answers that count no more may be among them."""

    def offset_of_insert(self, stream: Stream, insert_number: int) -> int | None:
        """Last offset that the stream's insert of that number accounts for; None if there is no such insert."""

    def identifiers_since(self, stream: Stream, insert_number: int | None) -> Iterator[dict[str, int]]:
        """Identifiers whose stored events the stream's inserts after `insert_number` changed, in chunks, each once; with None all of
        the partition, earlier incarnations of the topic included. With the latest moment (µs) at which a version there can have
        happened, whether it counts or not."""

    def last_unidentified_since(self, stream: Stream, insert_number: int | None) -> dict[str, int]:
        """The same per source for events without identifier."""

    def count_ids(self, stream: Stream) -> int:
        """At least the number of different (source, event id) pairs in the partition, earlier incarnations of the topic included."""

    def id_hashes_since(self, stream: Stream, insert_number: int | None) -> Iterator[Sequence[int]]:
        """Hashes (values/event_hash.py) of the (source, event id) pair of each version that the stream's inserts after `insert_number`
        hold, in chunks; with None of all in the partition, earlier incarnations included. Some may come twice."""
