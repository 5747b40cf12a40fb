"""What partitions ask ClickHouse about each other: claims, who belongs together, the feed, the standing maps and the walk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from touchline.processors.ledger import queries_across as queries
from touchline.processors.ledger.asking import LOOKUP_CHUNK, Asking
from touchline.processors.ledger.ledger import (
    ClaimedFact,
    ClaimRow,
    FeedRow,
    HandoffRow,
    Progress,
    Said,
    StandingMaps,
    Stream,
    WaitingRow,
)
from touchline.processors.ledger.queries import between
from touchline.processors.values.records import Cursors, Fact


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
        found = [Said._make(row) for row in self._ask_of_identifiers(queries.LINKS_ABOUT, identifiers)]
        ends = {end for one in found for end in (one.identifier, one.linked_identifier) if end}
        further = ends.difference(identifiers)
        return found + [Said._make(row) for row in self._ask_of_identifiers(queries.ERASURES, further)]

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
        return Progress._make(rows[0]) if rows else Progress(0, {}, 0, "")

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
