"""What the store loop needs of the ledger. Two implementations are held to one contract test: ClickHouse and the in-memory twin."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from touchline.processors.ledger.rows import Insert, partition_of_row
from touchline.processors.values.records import Cursors, Fact, NamingAnswer
from touchline.schemas.retention import Cutoff, WhenExpired, ending_of

MapVersion = tuple[str, int]
"""(map, version)"""
Later = Mapping[str, int]
"""By identifier a time in µs: only what happened later is asked for."""
ALL: Later = MappingProxyType({})


class WriterFenced(Exception):
    """Another writer owns the stream: nothing of this insert was stored."""


class LedgerUnavailable(Exception):
    """No answer, or an ambiguous one: the insert may or may not be stored. Acquire again before anything else."""


class LedgerFellBack(LedgerUnavailable):
    """The ledger holds less than it had acknowledged, or another writer's inserts: what is known of it is of no use."""


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
    """A received row that stands (not retracted) and is no duplicate: one version of one (source, id), of any partition. A claim is
    superseded, for the reason `claim`; of somebody who was erased before it came it is erased, for that reason. `event_time` is 0 and
    `event_type` empty where nobody knows them: a record that was refused."""

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
    event_time: int = 0
    event_type: str = ""

    @property
    def partition(self) -> int:
        """Where the version lies; only that partition's writer moves its fate."""
        return partition_of_row(self.row_id)


class PublishedRow(NamedTuple):
    """An attached row that stands: its values in the order of columns.ATTACHED. `position` is that of the record that it is attached
    from (values/records.py), whoever published it."""

    row_id: int
    position: int
    values: tuple[object, ...]


class OccasionRow(NamedTuple):
    """A standing attached row of an event that an answer may name, of any partition; `zone` is that of its local day."""

    row_id: int
    position: int
    zone: str
    values: tuple[Any, ...]


class ClaimRow(NamedTuple):
    """A claim that stands: its values in the order of columns.CLAIM. An event that links several identifiers has several."""

    row_id: int
    offset: int
    values: tuple[object, ...]


class WaitingRow(NamedTuple):
    """A claim or a release of a version of the event, decided since or not."""

    kind: str
    source: str
    event_id: str
    revision: int
    payload_hash: int
    row_id: int


class ClaimedFact(NamedTuple):
    """The received row of a claim, with all that its event says: nothing of the fact is left out."""

    row_id: int
    offset: int
    fact: Fact


class Said(NamedTuple):
    """What stands about who belongs together. `kind` is link or unlink."""

    kind: str
    event_time: int
    source: str
    event_id: str
    identifier: str
    identifier_type: str
    linked_identifier: str
    linked_identifier_type: str


class HandoffRow(NamedTuple):
    """The right to publish the identifier went from the partition of the row to another one."""

    identifier: str
    handoff_number: int
    handoff_to: int
    row_id: int


class FeedRow(NamedTuple):
    """A row by which a partition speaks to the others (columns.FEED_KINDS), of either sign. What its kind does not fill is empty or 0."""

    stream: str
    insert_number: int
    kind: str
    sign: int
    row_id: int
    source: str
    event_id: str
    event_time: int
    identifier: str
    identifier_type: str
    linked_identifier: str
    linked_identifier_type: str
    handoff_to: int
    handoff_number: int
    reason: str


class Progress(NamedTuple):
    """What the newest mark of a stream says beside its offset."""

    insert_number: int
    cursors: Cursors
    map_change: int
    walked_to: str
    erasure: int = 0


class Expired(NamedTuple):
    """Versions that are past a cutoff, with the way in which they end, and the row id up to which nothing else is."""

    events: list[tuple[KnownEvent, WhenExpired]]
    reached: int

    @classmethod
    def of(cls, events: Sequence[KnownEvent], cutoffs: Sequence[Cutoff], count: int, seen: int) -> Expired:
        """The first of these, which are all up to the row id `seen`."""
        taken = events[:count]
        found = [
            (one, how)
            for one in taken
            if (how := ending_of(cutoffs, one.source, one.event_type, one.event_time)) is not None
        ]
        return cls(found, seen if len(events) <= count else taken[-1].row_id)


class ErasureRequest(NamedTuple):
    """Everything about an identifier after `after_us` and up to `until_us` (µs) is to go; `how`: `erase`, or `anonymise`, by which its
    events count on as nobody's. `digest` is what remains of the identifier (schemas/erasure.py), made with the secret `secret_id`; the
    identifier is empty when the request is done."""

    number: int
    identifier: str
    identifier_type: str
    digest: bytes
    secret_id: str
    after_us: int
    until_us: int
    how: str


class StandingMaps(NamedTuple):
    """Versions of maps under which events are attached, by map and version, and the number of the newest change of them; 0 where there
    was none."""

    change: int
    maps: tuple[MapVersion, ...]


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
        """Store all rows of the insert or none. Raises WriterFenced when the fence of one of its streams names another writer,
        RecordsRefused when a value cannot be stored."""

    def find_events(self, keys: Sequence[tuple[str, str]]) -> list[KnownEvent]:
        """All versions of the given (source, event id) pairs that stand, in every partition: stored, superseded, in conflict, claims,
        erased."""

    def claims_of(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[ClaimRow]:
        """The partition's claims of these events that stand."""

    def claimed_facts(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[ClaimedFact]:
        """What the partition's standing claims of these events say."""

    def waiting_rows(self, keys: Sequence[tuple[str, str]]) -> list[WaitingRow]:
        """All claim and release rows of these events that were ever asserted, in every partition. A version with several claim rows may
        have several here."""

    def standing_claims(self) -> list[tuple[str, str]]:
        """(source, event id) of every claim that stands, in every partition, each pair once."""

    def links_of(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[LinkRow]:
        """The links and unlinks that these events of the partition said, as far as they stand."""

    def said_about(self, identifiers: Collection[str]) -> list[Said]:
        """The links and unlinks that name one of these identifiers at either end, as far as they stand, of every partition. Some may come
        twice."""

    def links_naming(self, partition: int, identifiers: Collection[str]) -> list[LinkRow]:
        """The partition's links and unlinks that name one of these identifiers at either end, as far as they stand. Some may come twice."""

    def versions_of(self, partition: int, identifiers: Collection[str]) -> list[KnownEvent]:
        """The partition's received rows of these identifiers that stand, whatever their fate, duplicates included."""

    def received_facts(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[ClaimedFact]:
        """The partition's stored events with these (source, event id) pairs: nothing of the facts is left out."""

    def expired(self, partition: int, cutoffs: Sequence[Cutoff], after: int, until: int, count: int) -> Expired:
        """The partition's received rows that stand and are past one of these cutoffs, of those with a row id above `after` and up to
        `until`, in the order of these ids; at most `count`, and maybe none although there are more. What was erased is not among them,
        nor a claim, which may be the version that counts; where the cutoff anonymises, neither is what is nobody's already."""

    def erasures_after(self, number: int) -> list[ErasureRequest]:
        """The requests to erase behind this number, in order."""

    def still_named(self, identifiers: Collection[str]) -> set[str]:
        """Those of the identifiers that any row of any partition names, whether it stands or not, at either end of a link."""

    def handoffs_of(self, identifiers: Collection[str]) -> list[HandoffRow]:
        """All handoffs of these identifiers."""

    def published_with(self, identifiers: Collection[str]) -> set[str]:
        """The identifiers of which rows stand under the same person as rows of one of these, or under one of these as the person; and
        those persons, if rows of others stand under them. Those whose rows stand under nobody but themselves need not be among them."""

    def facts_of(self, identifiers: Collection[str], later_than_us: Later = ALL) -> list[tuple[int, Fact]]:
        """(position of the record, fact) of every stored event of these identifiers in every partition, in any order; of those with an
        entry in `later_than_us` the later ones. What only judging reads (`payload_hash`, `completeness`) and texts are left out."""

    def published_of(
        self,
        partition: int,
        identifiers: Collection[str],
        events: Sequence[tuple[str, str]],
        later_than_us: Later = ALL,
    ) -> list[PublishedRow]:
        """The attached rows that stand: of these identifiers (as far as they are later, as above), and of the partition's (source, event
        id) pairs without an identifier."""

    def away_beyond(self, identifiers: Collection[str], cursors: Cursors) -> dict[str, int]:
        """Of those of the identifiers about which an insert beyond the cursors has an `away` row: the earliest time (µs) that one names."""

    def facts_alone(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[tuple[int, Fact]]:
        """(position, fact) of the partition's stored events of these (source, event id) pairs that name nobody."""

    def occasions_of(self, keys: Sequence[tuple[str, str]]) -> list[OccasionRow]:
        """The attached rows that stand of the touchpoint events with these (source, event id) pairs, in any partition."""

    def positions(self) -> Cursors:
        """The number of the newest insert of each stream that ever was. All inserts up to it can be read."""

    def progress(self) -> dict[str, Progress]:
        """What the newest mark of each stream says."""

    def progress_of(self, stream: Stream) -> Progress:
        """The same of one stream. Of one without a mark: that of the newest earlier incarnation of its partition, else nothing."""

    def feed(self, after: Cursors, until: Cursors) -> list[FeedRow]:
        """The rows of FEED_KINDS in inserts after `after` and up to `until`, in the order of stream and insert number."""

    def has_naming_answers(self, partition: int) -> bool:
        """Whether the partition ever received an answer that names the event which it is about."""

    def answers_naming(self, partition: int, after: Cursors, until: Cursors) -> list[NamingAnswer]:
        """The partition's answers that name an event of which an insert after `after` and up to `until` holds an attached row, of either
        sign. Answers that count no more may be among them."""

    def standing_maps(self) -> StandingMaps:
        """Which versions of maps stand."""

    def identifiers_after(self, identifier: str, count: int) -> list[str]:
        """The first identifiers of stored events, of any partition, in the order of their texts behind this one; at most `count`."""

    def unidentified_after(self, partition: int, insert_number: int, count: int) -> list[tuple[int, str, str]]:
        """(insert number, source, event id) of the partition's stored events that name nobody, from inserts after this number, in order: at
        least `count` where there are as many, and of each insert all."""

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

    def stored_hashes(self, after: Cursors, until: Cursors) -> Iterator[Sequence[int]]:
        """The same of each version that was stored, or came into conflict, in inserts of any stream after `after` and up to `until`."""

    def keys_of_hashes(self, hashes: Sequence[int], after: Cursors, until: Cursors) -> list[tuple[str, str]]:
        """The (source, event id) pairs with these hashes among those versions, each once."""

    def claim_hashes(self) -> Iterator[Sequence[int]]:
        """The same of every claim that was ever asserted, in every partition."""
