"""The ledger in ClickHouse, over the native protocol: who may write, the insert, and what a batch looks up."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from clickhouse_driver.errors import Error, ServerException

from touchline.clickhouse.connect import is_away
from touchline.clickhouse.errors import ErrorKind, kind_of, refusal_text
from touchline.processors.ledger import queries
from touchline.processors.ledger.across import ClickHouseAcross
from touchline.processors.ledger.ledger import (
    ALL,
    FenceHeld,
    KnownEvent,
    Later,
    LedgerUnavailable,
    LinkRow,
    Mark,
    OccasionRow,
    PublishedRow,
    RecordsRefused,
    Stream,
    WriterFenced,
)
from touchline.processors.ledger.rows import Insert
from touchline.processors.values.records import Cursors, Fact, NamingAnswer

FENCE_CONSTRAINT = "fence"
"""The ledger's only CHECK. Another one, which somebody has added, speaks of rows and not of the writer."""
UNSTORABLE = frozenset((ErrorKind.VALUE, ErrorKind.ROW_VALUE, ErrorKind.CONSTRAINT))
"""Errors that speak of the records and not of the server; of a CHECK, any but the fence."""
_named_constraint = re.compile(r"Constraint `?(\w+)`? for table").search
IN_FLIGHT_WAIT_SECONDS = 5.0
IDENTIFIERS_AT_ONCE = 50_000
_POLL_SECONDS = 0.05


class ClickHouseLedger(ClickHouseAcross):
    """One writer's view of the ledger."""

    def acquire(self, stream: Stream, generation: int, writer: str, *, force: bool = False) -> Mark:
        rows = self._ask(queries.MARK, {"stream": stream.name})
        older = (
            []
            if rows
            else [
                row[0]
                for row in self._ask(queries.OTHER_STREAMS, {"partition": stream.partition, "stream": stream.name})
            ]
        )
        for name in older:
            self._ask(queries.CLOSE_STREAM, {"stream": name})
        self._ask(
            queries.TAKE_FENCE, {"stream": stream.name, "generation": generation, "writer": writer, "force": int(force)}
        )
        if self._ask(queries.FENCE, {"stream": stream.name}) != [(generation, writer)]:
            raise FenceHeld(stream.name)
        for name in [stream.name, *older]:
            self._wait_for_inserts(name)
        rows = self._ask(queries.MARK, {"stream": stream.name})
        if rows:
            return Mark(int(rows[0][0]), int(rows[0][1]))
        return Mark(int(self._ask(queries.HIGHEST_INSERT_NUMBER, {"partition": stream.partition})[0][0]), -1)

    def last_offset(self, stream: Stream) -> int:
        rows = self._ask(queries.MARK, {"stream": stream.name})
        return int(rows[0][1]) if rows else -1

    def _wait_for_inserts(self, stream: str) -> None:
        deadline = time.monotonic() + IN_FLIGHT_WAIT_SECONDS
        while query_ids := [row[0] for row in self._ask(queries.IN_FLIGHT, {"tag": queries.tag_body(stream)})]:
            if time.monotonic() > deadline:
                self._ask(queries.KILL, {"query_ids": query_ids})
                deadline = time.monotonic() + IN_FLIGHT_WAIT_SECONDS
            time.sleep(_POLL_SECONDS)

    def insert(self, insert: Insert) -> None:
        names = ", ".join(column.name for column in insert.columns)
        tags = " ".join(map(queries.tag, insert.numbers))
        sql = f"INSERT INTO journey_raw.ledger ({names}) {tags} VALUES"
        try:
            self._connected().execute(sql, insert.columns, columnar=True)
        except ServerException as error:
            self.close()
            kind = kind_of(error.code)
            if kind is ErrorKind.CONSTRAINT and _constraint(error.message) == FENCE_CONSTRAINT:
                raise WriterFenced(", ".join(insert.numbers)) from None
            if kind in UNSTORABLE:
                raise RecordsRefused(f"ClickHouse refused an insert, code {error.code}") from None
            raise LedgerUnavailable(refusal_text("refused an insert", error.code)) from None
        except BaseException as error:
            self.close()
            if is_away(error) or isinstance(error, Error):  # or the answer breaks the protocol
                raise LedgerUnavailable(type(error).__name__) from None
            raise

    def find_events(self, keys: Sequence[tuple[str, str]]) -> list[KnownEvent]:
        return [KnownEvent._make(row) for row in self._ask_of_events(queries.KNOWN_EVENTS, keys)]

    def links_of(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[LinkRow]:
        return [
            LinkRow(row[0], row[1], row[2], tuple(row[3:]))
            for row in self._ask_of_events(queries.LINKS, keys, partition)
        ]

    def facts_of(self, identifiers: Collection[str], later_than_us: Later = ALL) -> list[tuple[int, Fact]]:
        rows = self._ask_since(queries.FACTS, queries.FACTS_LATER, identifiers, later_than_us)
        return [(row[0], Fact._make(row[1:])) for row in rows]

    def published_of(
        self,
        partition: int,
        identifiers: Collection[str],
        events: Sequence[tuple[str, str]],
        later_than_us: Later = ALL,
    ) -> list[PublishedRow]:
        rows = chain(
            self._ask_since(queries.PUBLISHED, queries.PUBLISHED_LATER, identifiers, later_than_us),
            self._ask_of_events(queries.PUBLISHED_ALONE, events, partition),
        )
        return [PublishedRow(row[0], row[1], tuple(row[2:])) for row in rows]

    def facts_alone(self, partition: int, keys: Sequence[tuple[str, str]]) -> list[tuple[int, Fact]]:
        return [(row[0], Fact._make(row[1:])) for row in self._ask_of_events(queries.FACTS_ALONE, keys, partition)]

    def occasions_of(self, keys: Sequence[tuple[str, str]]) -> list[OccasionRow]:
        rows = list(self._ask_of_events(queries.OCCASIONS, keys))
        zones = {row[1:4]: row[5] for row in rows if row[0] == "received"}
        return [
            OccasionRow(row[4], row[3], zones[row[1:4]], tuple(row[6:]))
            for row in rows
            # The fact of a row that its holder has not taken back yet may count no more.
            if row[0] == "attached" and row[1:4] in zones
        ]

    def has_naming_answers(self, partition: int) -> bool:
        return bool(self._ask(queries.HAS_NAMING_ANSWERS, {"partition": partition}))

    def answers_naming(self, partition: int, after: Cursors, until: Cursors) -> list[NamingAnswer]:
        spans, values = queries.between(after, until)
        sql = queries.answers_naming(spans)
        return [NamingAnswer._make(row) for row in self._ask(sql, values | {"partition": partition})] if values else []

    def offset_of_insert(self, stream: Stream, insert_number: int) -> int | None:
        rows = self._ask(queries.MARK_OF_INSERT, _span(stream, insert_number))
        return int(rows[0][0]) if rows else None

    def identifiers_since(self, stream: Stream, insert_number: int | None) -> Iterator[dict[str, int]]:
        rows = self._ask(queries.identifiers(since=insert_number is not None), _span(stream, insert_number))
        for start in range(0, len(rows), IDENTIFIERS_AT_ONCE):
            yield dict(rows[start : start + IDENTIFIERS_AT_ONCE])

    def last_unidentified_since(self, stream: Stream, insert_number: int | None) -> dict[str, int]:
        rows = self._ask(queries.last_unidentified(since=insert_number is not None), _span(stream, insert_number))
        return dict(rows)

    def count_ids(self, stream: Stream) -> int:
        return int(self._ask(queries.COUNT_IDS, _span(stream, None))[0][0])

    def id_hashes_since(self, stream: Stream, insert_number: int | None) -> Iterator[Sequence[int]]:
        return self._first_values(queries.id_hashes(since=insert_number is not None), _span(stream, insert_number))


def _constraint(message: str) -> str:
    """Name of the violated constraint; values of the row follow in the message, so the first name counts."""
    found = _named_constraint(message)
    return found.group(1) if found else FENCE_CONSTRAINT


def _span(stream: Stream, insert_number: int | None) -> dict[str, object]:
    return {"stream": stream.name, "insert_number": insert_number, "partition": stream.partition}
