"""The store of the simulation: the ledger's twin behind a network in which inserts take their time, and each worker's connection to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.support.identity_world.reader import Reader
from touchline.processors.ledger.ledger import LedgerUnavailable, Mark, Stream, WriterFenced
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import Row, rows_of
from touchline.processors.ledger.rows import Insert


@dataclass(eq=False)
class Flight:
    """An insert under way. `stage`: in the network, then running behind the fence. `heard` is what its worker heard of it so far."""

    insert: Insert
    rows: list[Row]
    client: Client
    stage: str = "network"
    heard: str = "pending"


class Server(MemoryLedger):
    """The twin, with inserts under way. `version` counts what was committed.

    Two faults that ClickHouse does not have can be set. `splits`: an insert is stored in two steps. `tears`: a query finds retractions that
    are newer than the newest row that it finds.
    """

    splits = False
    tears = False

    def __init__(self, reader: Reader, random: Random, trace: list[str] | None = None) -> None:
        super().__init__()
        self.random = random
        self._trace = trace
        self.reader = reader
        self.flights: list[Flight] = []
        self.version = 0
        self._standing: dict[str, dict[int, Row]] = defaultdict(dict)
        self._asserted: dict[str, list[Row]] = defaultdict(list)
        self._asserted_at: dict[int, int] = {}
        self.seen_until: int | None = None

    def standing(self, kind: str, accepts: Callable[[Row], bool] = lambda row: True) -> list[Row]:
        """As the twin finds them, without a look at all rows."""
        until = self.seen_until
        return [
            row
            for row in self._standing[kind].values()
            if accepts(row) and (until is None or self._asserted_at[row["row_id"]] <= until)
        ]

    def asserted(self, *kinds: str) -> Iterator[Row]:
        """The same of rows that were ever asserted."""
        return (row for kind in kinds for row in self._asserted[kind])

    def _keep(self, rows: list[Row]) -> None:
        self.rows += rows
        for row in rows:
            if row["sign"] > 0:
                self._standing[row["kind"]][row["row_id"]] = row
                self._asserted[row["kind"]].append(row)
                self._asserted_at[row["row_id"]] = self.version
        for row in rows:
            if row["sign"] < 0:
                self._standing[row["kind"]].pop(row["row_id"], None)

    def mark_of(self, stream: Stream) -> Mark:
        """How far the stream has come."""
        own = [row for row in self._asserted["mark"] if row["stream"] == stream.name]
        return Mark(own[-1]["insert_number"], own[-1]["offset"]) if own else Mark(0, -1)

    def advance(self, flight: Flight) -> None:
        """The next step of an insert: the fence is looked at, then all rows are there at once. Raises Violation."""
        if flight.stage == "network":
            try:
                self.check_fence(flight.insert)
            except WriterFenced:
                self._end(flight, "fenced")
            else:
                flight.stage = "running"
            return
        if self._trace is not None:
            self._trace += trace_of(flight)
        rows = flight.rows
        if self.splits and flight.stage == "running":
            flight.rows = [row for row in rows if row["kind"] in _PUBLISHED]
            flight.stage = "half"
            rows = [row for row in rows if row["kind"] not in _PUBLISHED]
        else:
            self._end(flight, "stored")
        self.version += 1
        self._keep(rows)
        self.reader.apply(rows)

    def _end(self, flight: Flight, heard: str) -> None:
        self.flights.remove(flight)
        if flight.heard == "pending":
            flight.heard = heard

    def is_running(self, stream: Stream) -> bool:
        """Whether an insert of the stream has passed the fence and is not there yet."""
        return any(one.stage == "running" and stream.name in one.insert.numbers for one in self.flights)

    def crash(self) -> None:
        """The server ends: what is under way is never stored."""
        for flight in self.flights:
            if flight.heard == "pending":
                flight.heard = "lost"
        self.flights.clear()


class Client:
    """A ledger (processors/ledger/ledger.py) as one worker has it: others run between any two of its calls, and what it asks may fail.

    `naps`: before these calls the worker sleeps for long at times.
    """

    def __init__(
        self, server: Server, pause: Callable[[], None], wait: Callable[[], None], *, naps: Collection[str] = ()
    ) -> None:
        self._server = server
        self._pause = pause
        self._wait = wait
        self._naps = naps
        self.is_broken = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._server, name)

        def asked(*arguments: Any, **options: Any) -> Any:
            self._pause()
            self._check_connection()
            seen_until = self._server.version
            if name in self._naps:
                self._nap()
            if self._server.tears and name in self._naps:
                self._server.seen_until = seen_until
            answer = method(*arguments, **options)
            self._server.seen_until = None
            if isinstance(answer, Iterator):
                answer = iter(list(answer))
            self._pause()
            return answer

        return asked

    def _nap(self) -> None:
        """The worker sleeps until others have inserted up to so much, at the wrong moment."""
        server = self._server
        wakes_at = server.version + server.random.randrange(NAP_INSERTS)
        for _ in range(NAP):
            if server.version >= wakes_at:
                break
            self._wait()

    def close(self) -> None:
        """Nothing is held."""

    def acquire(self, stream: Stream, generation: int, writer: str, *, force: bool = False) -> Mark:
        """Take the fence, wait until no insert of the stream runs behind it, read the mark."""
        self._pause()
        self._check_connection()
        self._server.acquire(stream, generation, writer, force=force)
        self._pause()
        while self._server.is_running(stream):
            self._wait()
        return self._server.mark_of(stream)

    def insert(self, insert: Insert) -> None:
        """Send it, and wait for an answer."""
        self._pause()
        self._check_connection()
        if "insert" in self._naps:
            self._nap()
        flight = Flight(insert, rows_of(insert), self)
        self._server.flights.append(flight)
        while flight.heard == "pending":
            self._wait()
        if flight.heard == "fenced":
            raise WriterFenced(", ".join(insert.numbers))
        if flight.heard == "lost":
            raise LedgerUnavailable("no answer")
        self._pause()

    def _check_connection(self) -> None:
        if self.is_broken:
            self.is_broken = False
            raise LedgerUnavailable("the connection broke")


def trace_of(flight: Flight) -> list[str]:
    """An insert as a trace shows it: a line for each row, the mark first."""
    insert = flight.insert
    numbers = [f"{stream.rpartition('/')[2]}.{number}" for stream, number in insert.numbers.items()]
    lines = [f"       insert {' and '.join(numbers)}"]
    for row in reversed(flight.rows):
        shown = {name: row[name] for name in _SHOWN if row.get(name)}
        shown |= {name: row[name][-6:] for name in _KEYS if row.get(name)}
        lines.append(
            f"         {row['sign']:+d} {row['kind']} {row.get('offset', 0)} {' '.join(f'{name}={value}' for name, value in shown.items())}"
        )
    return lines


NAP_INSERTS = 5
NAP = 60
"""Turns of the worker, each as long as it takes until all others had one or two."""
_PUBLISHED = ("attached", "handoff")
_SHOWN = (
    "source", "event_id", "revision", "fate", "reason", "event_time", "touchpoint", "map_version", "record_partition", "identifier_type",
    "linked_identifier_type", "handoff_to", "handoff_number", "first_offset", "cursors", "map_change", "walked_to", "writer",
)  # fmt: skip
_KEYS = ("identifier", "linked_identifier", "person")
