"""Many times more than the collector can carry, over thousands of connections: does it shed, and is what it acknowledged kept once?
`./run check overload [--connections N] [--times X] [--seconds S] [--events N]`.

On a stack of its own the check measures what the collector takes from a few senders that wait for their answers. Then it opens the
connections and offers that rate times X, paced by the clock and not by the answers, half of it in the native form and half as Segment's
SDKs send it. What is refused comes again after Retry-After. The verdict is right when

- every answer is a success, or 429 or 503 with Retry-After, and no connection ends amid a request;
- each event that was acknowledged is in Kafka once, and no other one more than once;
- memory stays within the collector's bytes in flight and what connections cost;
- 99 % of accepted requests are answered within P99_SECONDS of being sent;
- a second after the last answer the collector is ready and takes a request, while all connections are still open.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.collectors import CollectorProcess, collector
from tests.support.overload.sender import Order
from tests.support.overload.shapes import SOURCE
from tests.support.overload.stage import MemoryWatch, Senders, Sent, ids_in_kafka, seconds_until_well
from tests.support.workers import wait_for
from touchline.errors import WrongUsage
from touchline.kafka.topic import ensure_topic
from touchline.local.stack import LocalStack
from touchline.producers.collector.serve import FILES_BESIDE
from touchline.producers.outbox.look import look
from touchline.producers.producer import now_us
from touchline.service.open_files import raise_open_files
from touchline.settings import Settings

CONNECTIONS = 10_000
TIMES = 10.0
SECONDS = 30.0
EVENTS = 50
"""A request: SDKs send 15 to 100 together."""
PROCESSES = 2
FEW = 16
"""Connections while it is measured what the collector carries."""
MEASURE_SECONDS = 8.0
P99_SECONDS = 15.0
"""So long waits the most patient SDK of the tests, Segment's for Python, before it sends again."""
WELL_SECONDS = 1.0
DRAIN_SECONDS = 120.0
CONNECTION_BYTES = 48 << 10
"""Of memory: a connection with a request on its way, its buffers included."""
MEMORY_BYTES = 100 << 20
"""What malloc keeps, and batches on their way to Kafka."""


class Overloaded(NamedTuple):
    """What was seen. Rates are of events a second."""

    carried: float
    """From a few senders that wait."""
    due: float
    """By the clock, what is due again after a refusal included."""
    sent: float
    """Of it, what found a connection that was not waiting."""
    accepted: float
    statuses: Counter[str]
    p99_seconds: float
    refused_p99_seconds: float
    grown_bytes: int
    """Memory at its highest beyond that at rest."""
    memory_bound_bytes: int
    well_seconds: float
    connecting_seconds: float
    wrong: list[str]
    missing: int
    """Events that were acknowledged and are not in Kafka."""
    doubled: int

    def require_sound(self) -> None:
        """Raises AssertionError."""
        assert not self.wrong, f"answers that no sender may get: {self.wrong}"
        assert not self.missing, f"{self.missing} acknowledged events are lost"
        assert not self.doubled, f"{self.doubled} events are there more than once"
        assert self.statuses["429"], "nothing was shed with 429"
        assert self.p99_seconds <= P99_SECONDS, f"p99 of accepted requests is {self.p99_seconds:.1f} s"
        assert self.grown_bytes <= self.memory_bound_bytes, f"memory grew by {self.grown_bytes >> 20} MiB"

    def __str__(self) -> str:
        statuses = ", ".join(f"{status} {count:,}" for status, count in sorted(self.statuses.items()))
        return (
            f"carries {self.carried:,.0f} events a second; {self.due:,.0f} were due, {self.sent:,.0f} sent, {self.accepted:,.0f} accepted; "
            f"answers: {statuses}; p99 of accepted {self.p99_seconds:.2f} s, of refused {self.refused_p99_seconds:.2f} s; "
            f"memory +{self.grown_bytes >> 20} MiB (bound {self.memory_bound_bytes >> 20}); "
            f"well after {self.well_seconds:.2f} s; {self.missing} lost, {self.doubled} double"
        )


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("overload", __doc__)
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help=f"kept open (default {CONNECTIONS:,})")
    parser.add_argument("--times", type=float, default=TIMES, help=f"of what it carries (default {TIMES:g})")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"how long (default {SECONDS:g})")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"a request (default {EVENTS})")
    given = parser.parse_args()
    end_with_verdict(lambda: check(given.connections, given.times, given.seconds, given.events))


def check(connections: int, times: float, seconds: float, events: int) -> str:
    """What was found. Raises AssertionError, and WrongUsage where this machine does not allow so many connections."""
    if (allowed := raise_open_files() - FILES_BESIDE) < connections:
        raise WrongUsage(
            f"{connections:,} connections, and a process may open {allowed:,} here",
            "raise the hard limit of open files: `ulimit -Hn` as root, LimitNOFILE= of systemd, --ulimit nofile= of docker",
        )
    with (
        tempfile.TemporaryDirectory(prefix="touchline-overload-") as folder,
        LocalStack(Path(folder) / "stack", migrate=False) as stack,
    ):
        ensure_topic(stack.settings, stack.cluster.replication)
        found = overload(stack.settings, Path(folder), connections, times, seconds, events)
    print(found, file=sys.stderr, flush=True)
    found.require_sound()
    return str(found)


def overload(
    settings: Settings,
    folder: Path,
    connections: int,
    times: float,
    seconds: float,
    events: int,
    measure_seconds: float = MEASURE_SECONDS,
) -> Overloaded:
    """Flood a collector of its own. Raises AssertionError where it is not well in time."""
    write_key = f"flood.{'a' * 64}"
    (folder / "write_keys").write_text(f"{write_key} {SOURCE}\n")
    settings = settings.with_changes(
        write_keys_file=folder / "write_keys", outbox_dir=folder / "outbox", collector_events_per_second=1e9
    )
    with collector(settings, folder) as running:
        order = Order(running.port, write_key, "warm", FEW, 0.0, measure_seconds / 4, events)
        before = send(folder, [order])
        before += send(folder, [order._replace(prefix="few", seconds=measure_seconds)])
        carried = _events_a_second(before[-1:])
        _wait_drained(running)
        print(f"carries {carried:,.0f} events a second", file=sys.stderr, flush=True)
        rate = carried * times / events / PROCESSES
        flood = order._replace(connections=connections // PROCESSES, requests_per_second=rate, seconds=seconds)
        senders = Senders(folder, [flood._replace(prefix=f"flood{number}") for number in range(PROCESSES)])
        at_rest = running.memory_bytes
        with MemoryWatch(running) as watch:
            during = senders.run()
            well_seconds = seconds_until_well(running, WELL_SECONDS)
        senders.end()
        _wait_drained(running)
    kept = ids_in_kafka(running.settings)
    promised = [one for sent in (*before, *during) for one in sent.accepted_ids]
    return Overloaded(
        carried=carried,
        due=_rate_of(during, [one.due for one in during]),
        sent=_rate_of(during, [one.sent for one in during]),
        accepted=_events_a_second(during),
        statuses=sum((one.statuses for one in during), Counter()),
        p99_seconds=_p99(taken for one in during for _, taken in one.accepted),
        refused_p99_seconds=_p99(taken for one in during for taken in one.refused_seconds),
        grown_bytes=watch.highest_bytes - at_rest,
        memory_bound_bytes=settings.collector_in_flight_bytes + connections * CONNECTION_BYTES + MEMORY_BYTES,
        well_seconds=well_seconds,
        connecting_seconds=senders.connecting_seconds,
        wrong=[what for one in (*before, *during) for what in one.wrong],
        missing=sum(kept[one] == 0 for one in promised),
        doubled=sum(count > 1 for count in kept.values()),
    )


def send(folder: Path, orders: Sequence[Order]) -> list[Sent]:
    """From the first connection to the end of all."""
    senders = Senders(folder, orders)
    try:
        return senders.run()
    finally:
        senders.end()


def _events_a_second(sent: Sequence[Sent]) -> float:
    return _rate_of(sent, [len(one.accepted) for one in sent])


def _rate_of(sent: Sequence[Sent], requests: Sequence[int]) -> float:
    return sum(count * one.order.events / one.seconds for one, count in zip(sent, requests, strict=True))


def _p99(seconds: Iterable[float]) -> float:
    ordered = sorted(seconds)
    return ordered[int(len(ordered) * 0.99)] if ordered else 0.0


def _wait_drained(running: CollectorProcess) -> None:
    outbox = running.settings.outbox_dir
    assert outbox is not None
    wait_for(lambda: not look(outbox, now_us()).records, lambda: "the outbox does not drain", DRAIN_SECONDS)


if __name__ == "__main__":
    main()
