"""What late events cost: `./run bench late [--json] [--events N] [--rounds N]`.

The same events are stored three times, each time on a stack of its own and in changing order: all in order of their times;
1 % of them late; and 10 %. A late event arrives up to the whole span of the events after its time (100,000 events: 11 days).
Counted is CPU time, user and system, of the worker process and of the ClickHouse server, between the first events that stand in
ClickHouse and the last. Reported are medians over the rounds, and the ratio to the run in order, with its spread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import psutil
from kafka import KafkaProducer

from bench.events import WireEvent, make_events
from bench.pipeline import OURS, PARTITIONS, PATIENCE_SECONDS, POLL_SECONDS, process_of_worker
from bench.rounds import rounds_within
from touchline.clickhouse.connect import connect
from touchline.local.stack import LocalStack

EVENTS = 100_000
ROUNDS = 3
BUDGET_SECONDS = 480.0
SHARES: Final = (0.0, 0.01, 0.1)
SEED: Final = 11


class Measured(NamedTuple):
    """CPU microseconds an event, and events a second by the clock."""

    worker_us: float
    engine_us: float
    events_per_second: float


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = _arguments()
    rounds: list[dict[float, Measured]] = []
    for number in rounds_within(arguments.rounds, BUDGET_SECONDS):
        turn = number % len(SHARES)
        rounds.append({share: run(arguments.events, share) for share in (*SHARES[turn:], *SHARES[:turn])})
        shown = ", ".join(f"{share:.0%} late {rounds[-1][share].worker_us:.1f}" for share in SHARES)
        print(f"round {number + 1}: us of the worker's CPU an event: {shown}", file=sys.stderr)
    result = summarize(rounds, arguments.events)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


def summarize(rounds: Sequence[dict[float, Measured]], events: int) -> dict[str, object]:
    """Medians over the rounds; the spread is the lowest and highest ratio of a round."""
    result: dict[str, object] = {}
    for share in SHARES:
        name = f"late_{share:.0%}".rstrip("%")
        of_share = [one[share] for one in rounds]
        for field in Measured._fields:
            result[f"{name}_{field}"] = round(statistics.median(getattr(one, field) for one in of_share), 1)
        if share:
            for part in ("worker", "engine"):
                ratios = [getattr(one[share], f"{part}_us") / getattr(one[0.0], f"{part}_us") for one in rounds]
                result[f"{name}_{part}_ratio"] = round(statistics.median(ratios), 2)
                result[f"{name}_{part}_ratio_min"] = round(min(ratios), 2)
                result[f"{name}_{part}_ratio_max"] = round(max(ratios), 2)
    return {**result, "events": events, "rounds": len(rounds)}


def run(events: int, share: float) -> Measured:
    """One worker over the events, on a stack of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        LocalStack(Path(folder), partitions=PARTITIONS) as stack,
    ):
        _send(stack, arrivals(make_events(events, PARTITIONS), events, share))
        with process_of_worker(stack.settings) as pid:
            return _measure(stack, pid, events)


def arrivals(events: Iterator[WireEvent], count: int, share: float) -> list[WireEvent]:
    """The events in the order of their arrival: each is late with this probability, by up to the whole span."""
    random = Random(SEED)
    placed = [
        (number + (random.random() * count if random.random() < share else 0.0), number, event)
        for number, event in enumerate(events)
    ]
    placed.sort(key=lambda one: one[:2])
    return [event for _, _, event in placed]


def _send(stack: LocalStack, events: Sequence[WireEvent]) -> None:
    bootstrap, topic = stack.settings.kafka_bootstrap, stack.settings.topic
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, batch_size=256 << 10, enable_idempotence=True)
    for event in events:
        producer.send(topic, event.value, key=event.key, headers=event.headers, partition=event.partition)
    producer.flush()
    producer.close()


def _measure(stack: LocalStack, worker_pid: int, events: int) -> Measured:
    engine = stack.clickhouse.identity
    assert engine is not None, "the stack runs"
    processes = [psutil.Process(worker_pid), psutil.Process(engine.pid)]
    client = connect(stack.settings)
    first: tuple[int, list[float], float] | None = None
    stored = 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < deadline and processes[0].status() != psutil.STATUS_ZOMBIE:
            stored = int(client.execute(OURS)[0][0])
            now = (stored, [_cpu_seconds(one) for one in processes], time.monotonic())
            if stored and first is None:
                first = now
            if stored >= events and first is not None:
                count = stored - first[0]
                if not count:
                    raise SystemExit("too few events to measure: all were stored at once")
                worker, server = (after - before for before, after in zip(first[1], now[1], strict=True))
                return Measured(worker / count * 1e6, server / count * 1e6, count / (now[2] - first[2]))
            time.sleep(POLL_SECONDS * 10)  # the server's CPU is counted: few questions
    finally:
        client.disconnect()
    raise SystemExit(f"only {stored} of {events} events were stored within {PATIENCE_SECONDS:.0f} s")


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench late", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"events a run (default {EVENTS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds (default {ROUNDS})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
