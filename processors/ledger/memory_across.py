"""What partitions ask about each other, in the in-memory twin: claims, who belongs together, the feed, the standing maps and the walk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from touchline.processors.ledger.columns import CLAIM, FEED_KINDS, LINK
from touchline.processors.ledger.ledger import (
    ClaimedFact,
    ClaimRow,
    ErasureRequest,
    Expired,
    FeedRow,
    HandoffRow,
    KnownEvent,
    LinkRow,
    MapVersion,
    Progress,
    Said,
    StandingMaps,
    Stream,
    WaitingRow,
)
from touchline.processors.ledger.memory_rows import MemoryRows, Row, fact_of, key_of, partition_of, value_of
from touchline.processors.values.event_hash import hashes_of
from touchline.processors.values.records import NAMES_EVENT, Cursors
from touchline.schemas.erasure import ERASED_PREFIX
from touchline.schemas.retention import ANONYMISE, Cutoff, WhenExpired, ending_of

MapChange = tuple[int, str, int, str]
"""(number, map, version, state): a row of journey_raw.map_changes; the state is `stands` or `dropped`."""


class MemoryAcross(MemoryRows):
    """The look-ups that reach over partitions, and the changes of maps and requests to erase, which commands write."""

    def __init__(self) -> None:
        super().__init__()
        self.map_changes: list[MapChange] = []
        self.erasures: list[ErasureRequest] = []

    def claims_of(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[ClaimRow]:
        wanted = set(keys)
        rows = self.standing("claim", lambda row: key_of(row) in wanted and partition_of(row) == partition)
        return [ClaimRow(row["row_id"], row["offset"], tuple(value_of(row, name) for name in CLAIM)) for row in rows]

    def claimed_facts(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[ClaimedFact]:
        wanted = set(keys)
        rows = self.standing(
            "received",
            lambda row: value_of(row, "reason") == "claim" and key_of(row) in wanted and partition_of(row) == partition,
        )
        return [ClaimedFact(row["row_id"], row["offset"], fact_of(row)) for row in rows]

    def waiting_rows(self, keys: Sequence[tuple[str, str]]) -> list[WaitingRow]:
        wanted = set(keys)
        return [
            WaitingRow._make(value_of(row, name) for name in WaitingRow._fields)
            for row in self.asserted("claim", "release")
            if key_of(row) in wanted
        ]

    def standing_claims(self) -> list[tuple[str, str]]:
        return sorted({key_of(row) for row in self.standing("claim")})

    def stored_hashes(self, after: Cursors, until: Cursors) -> Iterator[Sequence[int]]:
        hashes = hashes_of(key_of(row) for row in self._stored_between(after, until))
        if hashes:
            yield hashes

    def keys_of_hashes(self, hashes: Sequence[int], after: Cursors, until: Cursors) -> list[tuple[str, str]]:
        keys = sorted({key_of(row) for row in self._stored_between(after, until)})
        wanted = set(hashes)
        return [key for key, hashed in zip(keys, hashes_of(keys), strict=True) if hashed in wanted]

    def _stored_between(self, after: Cursors, until: Cursors) -> list[Row]:
        return [
            row
            for row in self.asserted("received")
            if (row["fate"] == "stored" or value_of(row, "reason") == "conflict") and is_between(row, after, until)
        ]

    def claim_hashes(self) -> Iterator[Sequence[int]]:
        hashes = hashes_of(key_of(row) for row in self.asserted("claim"))
        if hashes:
            yield hashes

    def said_about(self, identifiers: Collection[str]) -> list[Said]:
        links = [
            row
            for kind in ("link", "unlink")
            for row in self.standing(kind, lambda row: not identifiers_of(row).isdisjoint(identifiers))
        ]
        return [Said._make(value_of(row, name) for name in Said._fields) for row in links]

    def links_naming(self, partition: int, identifiers: Collection[str]) -> list[LinkRow]:
        return [
            LinkRow(kind, row["row_id"], row["offset"], tuple(value_of(row, name) for name in LINK))
            for kind in ("link", "unlink")
            for row in self.standing(kind)
            if partition_of(row) == partition and not identifiers_of(row).isdisjoint(identifiers)
        ]

    def versions_of(self, partition: int, identifiers: Collection[str]) -> list[KnownEvent]:
        rows = self.standing("received", lambda row: value_of(row, "identifier") in identifiers)
        return [
            KnownEvent._make(value_of(row, name) for name in KnownEvent._fields)
            for row in rows
            if partition_of(row) == partition
        ]

    def received_facts(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[ClaimedFact]:
        wanted = set(keys)
        rows = self.standing("received", lambda row: row["fate"] == "stored" and key_of(row) in wanted)
        return [
            ClaimedFact(row["row_id"], row["offset"], fact_of(row)) for row in rows if partition_of(row) == partition
        ]

    def expired(self, partition: int, cutoffs: Sequence[Cutoff], after: int, until: int, count: int) -> Expired:
        rows = self.standing(
            "received",
            lambda row: (
                after < row["row_id"] <= until
                and partition_of(row) == partition
                and _how_it_ends(row, cutoffs) is not None
            ),
        )
        events = [KnownEvent._make(value_of(row, name) for name in KnownEvent._fields) for row in rows]
        return Expired.of(sorted(events, key=lambda one: one.row_id), cutoffs, count, until)

    def erasures_after(self, number: int) -> list[ErasureRequest]:
        return [one for one in self.erasures if one.number > number]

    def still_named(self, identifiers: Collection[str]) -> set[str]:
        return {one for row in self.rows for one in identifiers_of(row) if one in identifiers}

    def handoffs_of(self, identifiers: Collection[str]) -> list[HandoffRow]:
        return [
            HandoffRow._make(value_of(row, name) for name in HandoffRow._fields)
            for row in self.asserted("handoff")
            if value_of(row, "identifier") in identifiers
        ]

    def away_beyond(self, identifiers: Collection[str], cursors: Cursors) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in self.asserted("away"):
            one, time_us = row["identifier"], value_of(row, "event_time")
            if one in identifiers and row["insert_number"] > cursors.get(row["stream"], 0):
                found[one] = min(time_us, found.get(one, time_us))
        return found

    def published_with(self, identifiers: Collection[str]) -> set[str]:
        merged = {
            (value_of(row, "identifier"), value_of(row, "person"))
            for row in self.standing("attached", lambda row: value_of(row, "person") != value_of(row, "identifier"))
        }
        persons = {person for identifier, person in merged if identifier in identifiers}.union(identifiers)
        return {one for pair in merged if pair[1] in persons for one in pair}

    def positions(self) -> Cursors:
        return {row["stream"]: row["insert_number"] for row in self.asserted("mark")}

    def progress(self) -> dict[str, Progress]:
        return {row["stream"]: _progress(row) for row in self.asserted("mark")}

    def progress_of(self, stream: Stream) -> Progress:
        of_partition = [row for row in self.asserted("mark") if partition_of(row) == stream.partition]
        own = [row for row in of_partition if row["stream"] == stream.name]
        newest = (own or of_partition)[-1:]
        return _progress(newest[0]) if newest else Progress(0, {}, 0, "", 0)

    def feed(self, after: Cursors, until: Cursors) -> list[FeedRow]:
        rows = [row for row in self.rows if row["kind"] in FEED_KINDS and is_between(row, after, until)]
        found = [FeedRow._make(value_of(row, name) for name in FeedRow._fields) for row in rows]
        return sorted(found, key=lambda row: (row.stream, row.insert_number))

    def has_naming_answers(self, partition: int) -> bool:
        return any(partition_of(row) == partition for row in self._naming())

    def _naming(self) -> Iterator[Row]:
        return (row for row in self.rows if row["kind"] == "received" and value_of(row, "about_own") >= NAMES_EVENT)

    def standing_maps(self) -> StandingMaps:
        states: dict[MapVersion, str] = {(name, version): state for _, name, version, state in sorted(self.map_changes)}
        standing = sorted(one for one, state in states.items() if state == "stands")
        return StandingMaps(max((change[0] for change in self.map_changes), default=0), tuple(standing))

    def identifiers_after(self, identifier: str, count: int) -> list[str]:
        stored = self.standing("received", lambda row: row["fate"] == "stored")
        found = {value_of(row, "identifier") for row in stored}
        # The engine compares texts by their bytes in UTF-8; that is the order of their code points, as here.
        return sorted(one for one in found if one > identifier)[:count]

    def unidentified_after(self, partition: int, insert_number: int, count: int) -> list[tuple[int, str, str]]:
        rows = self.standing(
            "received",
            lambda row: (
                row["fate"] == "stored"
                and not value_of(row, "identifier")
                and partition_of(row) == partition
                and row["insert_number"] > insert_number
            ),
        )
        found: list[tuple[int, str, str]] = []
        for _, of_insert in groupby(sorted((row["insert_number"], *key_of(row)) for row in rows), lambda one: one[0]):
            if len(found) >= count:
                break
            found += of_insert
        return found


def is_between(row: Row, after: Cursors, until: Cursors) -> bool:
    """Whether the row lies in an insert after the first number of its stream and up to the second one."""
    stream = row["stream"]
    return after.get(stream, 0) < int(row["insert_number"]) <= until.get(stream, 0)


def identifiers_of(row: Row) -> set[str]:
    """Both ends of a link or unlink."""
    return {value_of(row, "identifier"), value_of(row, "linked_identifier")}


def _how_it_ends(row: Row, cutoffs: Sequence[Cutoff]) -> WhenExpired | None:
    how = ending_of(cutoffs, *(value_of(row, name) for name in ("source", "event_type", "event_time")))
    is_anonymised = row["fate"] == "stored" and value_of(row, "event_id").startswith(ERASED_PREFIX)
    must_stay = row["fate"] == "erased" or value_of(row, "reason") == "claim"
    return None if must_stay or (how == ANONYMISE and is_anonymised) else how


def _progress(mark: Row) -> Progress:
    return Progress._make(
        (
            mark["insert_number"],
            dict(value_of(mark, "cursors")),
            value_of(mark, "map_change"),
            value_of(mark, "walked_to"),
            value_of(mark, "erasure"),
        )
    )
