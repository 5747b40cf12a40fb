"""What partitions ask ClickHouse about each other: claims, who belongs together, the feed, the standing maps and the walk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from touchline.processors.ledger import queries_across as queries
from touchline.processors.ledger.asking import LOOKUP_CHUNK, Asking
from touchline.processors.ledger.ledger import (
    ClaimedFact,
    ClaimRow,
    ErasureRequest,
    Expired,
    FeedRow,
    HandoffRow,
    KnownEvent,
    LinkRow,
    Progress,
    Said,
    StandingMaps,
    Stream,
    WaitingRow,
)
from touchline.processors.ledger.queries import RECEIVED_FACTS, VERSIONS_OF, between
from touchline.processors.ledger.rows import insert_of_row
from touchline.processors.values.records import Cursors, Fact
from touchline.schemas.retention import Cutoff


class ClickHouseAcross(Asking):
    """The look-ups that reach over partitions."""

    def claims_of(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[ClaimRow]:
        rows = self._ask_of_events(queries.CLAIMS, keys, partition)
        return [ClaimRow(row[0], row[1], tuple(row[2:])) for row in rows]

    def claimed_facts(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[ClaimedFact]:
        rows = self._ask_of_events(queries.CLAIMED_FACTS, keys, partition)
        return [ClaimedFact(row[0], row[1], Fact._make(row[2:])) for row in rows]

    def waiting_rows(self, keys: Sequence[tuple[str, str]]) -> list[WaitingRow]:
        return [WaitingRow._make(row) for row in self._ask_of_events(queries.WAITING, keys)]

    def standing_claims(self) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self._ask(queries.STANDING_CLAIMS, {})]

    def stored_hashes(self, after: Cursors, until: Cursors) -> Iterator[Sequence[int]]:
        inserts, values = between(after, until)
        return self._first_values(f"{queries.STORED_HASHES} AND {inserts}", values) if values else iter(())

    def keys_of_hashes(self, hashes: Sequence[int], after: Cursors, until: Cursors) -> list[tuple[str, str]]:
        inserts, values = between(after, until)
        if not values:
            return []
        found: set[tuple[str, str]] = set()
        for start in range(0, len(hashes), LOOKUP_CHUNK):
            chunk = tuple(hashes[start : start + LOOKUP_CHUNK])
            found.update(
                (row[0], row[1])
                for row in self._ask(f"{queries.KEYS_OF_HASHES} AND {inserts}", values | {"hashes": chunk})
            )
        return sorted(found)

    def claim_hashes(self) -> Iterator[Sequence[int]]:
        return self._first_values(queries.CLAIM_HASHES, {})

    def said_about(self, identifiers: Collection[str]) -> list[Said]:
        return [Said._make(row) for row in self._ask_of_identifiers(queries.LINKS_ABOUT, identifiers)]

    def links_naming(self, partition: int, identifiers: Collection[str]) -> list[LinkRow]:
        rows = self._ask_of_identifiers(queries.LINKS_NAMING, identifiers, {"partition": partition})
        return [LinkRow(row[0], row[1], row[2], tuple(row[3:])) for row in rows]

    def versions_of(self, partition: int, identifiers: Collection[str]) -> list[KnownEvent]:
        rows = self._ask_of_identifiers(VERSIONS_OF, identifiers, {"partition": partition})
        return [KnownEvent._make(row) for row in rows]

    def received_facts(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[ClaimedFact]:
        rows = self._ask_of_events(RECEIVED_FACTS, keys, partition)
        return [ClaimedFact(row[0], row[1], Fact._make(row[2:])) for row in rows]

    def expired(self, partition: int, cutoffs: Sequence[Cutoff], after: int, until: int, count: int) -> Expired:
        sql, values = queries.expired(cutoffs)
        rows: list[KnownEvent] = []
        for stream, newest in self._streams_of(partition):
            if newest >= insert_of_row(after) and len(rows) < queries.EXPIRED_ROWS_AT_ONCE:
                bounds = {"stream": stream, "insert_number": insert_of_row(after), "after": after, "until": until}
                rows += [KnownEvent._make(row) for row in self._ask(sql, values | bounds)]
        if not rows:
            return Expired([], until)
        row_ids = tuple(row.row_id for row in rows)
        ended = {one for (one,) in self._ask(queries.RETRACTED_AMONG, {"row_ids": row_ids})}
        seen = until if len(rows) < queries.EXPIRED_ROWS_AT_ONCE else row_ids[-1]
        return Expired.of([row for row in rows if row.row_id not in ended], cutoffs, count, seen)

    def erasures_after(self, number: int) -> list[ErasureRequest]:
        rows = self._ask(queries.ERASURES, {"number": number})
        return [ErasureRequest._make((*row[:3], bytes.fromhex(row[3]), *row[4:])) for row in rows]

    def still_named(self, identifiers: Collection[str]) -> set[str]:
        return {name for (name,) in self._ask_of_identifiers(queries.STILL_NAMED, identifiers)}

    def handoffs_of(self, identifiers: Collection[str]) -> list[HandoffRow]:
        return [HandoffRow._make(row) for row in self._ask_of_identifiers(queries.HANDOFFS, identifiers)]

    def away_beyond(self, identifiers: Collection[str], cursors: Cursors) -> dict[str, int]:
        inserts, values = between({}, cursors)
        sql = queries.away(f"NOT {inserts}" if values else "1")
        return dict(self._ask_of_identifiers(sql, identifiers, values))

    def published_with(self, identifiers: Collection[str]) -> set[str]:
        pairs = list(self._ask_of_identifiers(queries.MERGED_WITH, identifiers))
        further = {person for _, person in pairs}.difference(identifiers)
        pairs += self._ask_of_identifiers(queries.MERGED, further)
        return set(chain.from_iterable(pairs))

    def positions(self) -> Cursors:
        return dict(self._ask(queries.POSITIONS, {}))

    def progress(self) -> dict[str, Progress]:
        return {row[0]: Progress._make(row[1:]) for row in self._ask(queries.PROGRESS, {})}

    def progress_of(self, stream: Stream) -> Progress:
        rows = self._ask(queries.PROGRESS_OF, {"stream": stream.name})
        if not rows:
            for name, _ in self._streams_of(stream.partition)[-1:]:
                rows = self._ask(queries.PROGRESS_OF, {"stream": name})
        return Progress._make(rows[0]) if rows else Progress(0, {}, 0, "", 0)

    def _streams_of(self, partition: int) -> list[tuple[str, int]]:
        """(stream, newest insert) of all incarnations of a partition, the oldest first: insert numbers go on from one to the next."""
        streams = [one for one in self.positions().items() if one[0].rpartition("/")[2] == str(partition)]
        return sorted(streams, key=lambda one: one[1])

    def feed(self, after: Cursors, until: Cursors) -> list[FeedRow]:
        spans, values = between(after, until)
        rows = self._ask(queries.feed(spans), values) if values else []
        return sorted(map(FeedRow._make, rows), key=lambda row: (row.stream, row.insert_number))

    def standing_maps(self) -> StandingMaps:
        rows = self._ask(queries.MAPS, {})
        standing = sorted((row[0], row[1]) for row in rows if row[2] == "stands")
        return StandingMaps(max((row[3] for row in rows), default=0), tuple(standing))

    def identifiers_after(self, identifier: str, count: int) -> list[str]:
        found: list[str] = []
        at_once = min(count, LOOKUP_CHUNK)
        while len(found) < count:
            rows = self._ask(queries.NEXT_IDENTIFIERS, {"identifier": identifier, "count": at_once})
            names = [name for (name,) in rows]
            found += [name for (name,) in self._ask_of_identifiers(queries.HAVE_STORED, names)]
            if len(names) < at_once:
                break
            identifier = names[-1]
        return found[:count]

    def unidentified_after(self, partition: int, insert_number: int, count: int) -> list[tuple[int, str, str]]:
        found: list[tuple[int, str, str]] = []
        for stream, newest in self._streams_of(partition):
            while insert_number < newest and len(found) < count:
                asked = {"stream": stream, "insert_number": insert_number, "count": count}
                rows = self._ask(queries.UNIDENTIFIED, asked)
                found += self._not_retracted(rows)
                insert_number = rows[-1][1] if len(rows) >= count else newest
        return found

    def _not_retracted(self, rows: Sequence[tuple[int, int, str, str]]) -> list[tuple[int, str, str]]:
        if not rows:
            return []
        row_ids = [row[0] for row in rows]
        retracted = {one for (one,) in self._ask(queries.RETRACTED, {"first": min(row_ids), "last": max(row_ids)})}
        return sorted((row[1], row[2], row[3]) for row in rows if row[0] not in retracted)
