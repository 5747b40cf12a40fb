"""CPU time of worker and engine over given events, on a stack of its own: what the benchmarks of late events and of identity count."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import psutil
from clickhouse_driver import Client
from kafka import KafkaProducer

from bench.events import WireEvent
from bench.pipeline import OURS, PARTITIONS, PATIENCE_SECONDS, POLL_SECONDS, process_of_worker
from touchline.clickhouse.connect import connect
from touchline.local.stack import LocalStack

QUIET_SECONDS: Final = 4.0
"""At rest: no partition has written anything for so long, four ticks."""
INSERTS: Final = "SELECT uniqExact(stream, insert_number) FROM journey_raw.ledger WHERE kind = 'mark'"


class Measured(NamedTuple):
    """CPU microseconds an event, and events a second by the clock."""

    worker_us: float
    engine_us: float
    events_per_second: float


class _Reading(NamedTuple):
    stored: int
    cpu_seconds: tuple[float, float]
    at: float


def run(events: Sequence[WireEvent], *, until_rest: bool = False) -> Measured:
    """One worker over the events, from the first that stand in ClickHouse to the last; `until_rest`: to the end of all that follows
    from them, the time of `QUIET_SECONDS` not counted and its CPU counted."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        LocalStack(Path(folder), partitions=PARTITIONS) as stack,
    ):
        _send(stack, events)
        with process_of_worker(stack.settings) as pid:
            return _measure(stack, pid, len(events), until_rest=until_rest)


def _send(stack: LocalStack, events: Sequence[WireEvent]) -> None:
    bootstrap, topic = stack.settings.kafka_bootstrap, stack.settings.topic
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, batch_size=256 << 10, enable_idempotence=True)
    for event in events:
        producer.send(topic, event.value, key=event.key, headers=event.headers, partition=event.partition)
    producer.flush()
    producer.close()


def _measure(stack: LocalStack, worker_pid: int, events: int, *, until_rest: bool) -> Measured:
    engine = stack.clickhouse.identity
    assert engine is not None, "the stack runs"
    processes = [psutil.Process(worker_pid), psutil.Process(engine.pid)]
    client = connect(stack.settings)
    try:
        first = _wait_stored(client, processes, 1, events)
        last = _wait_stored(client, processes, events, events)
        if until_rest:
            last = _wait_rest(client, processes, last)
    finally:
        client.disconnect()
    count = events - first.stored
    if not count:
        raise SystemExit("too few events to measure: all were stored at once")
    worker, server = (after - before for before, after in zip(first.cpu_seconds, last.cpu_seconds, strict=True))
    return Measured(worker / count * 1e6, server / count * 1e6, count / (last.at - first.at))


def _wait_stored(client: Client, processes: Sequence[psutil.Process], count: int, events: int) -> _Reading:
    deadline = time.monotonic() + PATIENCE_SECONDS
    stored = 0
    while time.monotonic() < deadline and processes[0].status() != psutil.STATUS_ZOMBIE:
        stored = int(client.execute(OURS)[0][0])
        if stored >= count:
            return _reading(stored, processes)
        time.sleep(POLL_SECONDS * 10)  # the server's CPU is counted: few questions
    raise SystemExit(f"only {stored} of {events} events were stored within {PATIENCE_SECONDS:.0f} s")


def _wait_rest(client: Client, processes: Sequence[psutil.Process], last: _Reading) -> _Reading:
    deadline = time.monotonic() + PATIENCE_SECONDS
    inserts, quiet_since = -1, last.at
    while time.monotonic() < deadline:
        (said,) = client.execute(INSERTS)[0]
        now = _reading(last.stored, processes)
        if said != inserts:
            inserts, quiet_since = said, now.at
        elif now.at - quiet_since >= QUIET_SECONDS:
            return now._replace(at=quiet_since)
        time.sleep(POLL_SECONDS * 10)
    raise SystemExit(f"inserts go on after {PATIENCE_SECONDS:.0f} s")


def _reading(stored: int, processes: Sequence[psutil.Process]) -> _Reading:
    worker, server = (one.cpu_times() for one in processes)
    return _Reading(stored, (worker.user + worker.system, server.user + server.system), time.monotonic())


def summarize(rounds: Sequence[Mapping[float, Measured]], name: str, events: int) -> dict[str, object]:
    """Medians over the rounds, by the share of events that are `name`; ratios are to the share 0, the spread is the lowest and highest
    ratio of a round."""
    result: dict[str, object] = {}
    for share in rounds[0]:
        label = f"{name}_{share:.0%}".rstrip("%")
        of_share = [one[share] for one in rounds]
        for field in Measured._fields:
            result[f"{label}_{field}"] = round(statistics.median(getattr(one, field) for one in of_share), 1)
        if share:
            for part in ("worker", "engine"):
                ratios = [getattr(one[share], f"{part}_us") / getattr(one[0.0], f"{part}_us") for one in rounds]
                result[f"{label}_{part}_ratio"] = round(statistics.median(ratios), 2)
                result[f"{label}_{part}_ratio_min"] = round(min(ratios), 2)
                result[f"{label}_{part}_ratio_max"] = round(max(ratios), 2)
    return {**result, "events": events, "rounds": len(rounds)}


def parsed(name: str, description: str | None, events: int, rounds: int) -> argparse.Namespace:
    """The arguments of such a benchmark."""
    parser = argparse.ArgumentParser(prog=f"./run bench {name}", description=(description or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--events", type=int, default=events, help=f"events a run (default {events:,})")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"rounds (default {rounds})")
    return parser.parse_args()
