"""CPU time of worker and engine over given events, on a stack of its own: what the benchmarks of late events and of identity count."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import psutil
from clickhouse_driver import Client
from kafka import KafkaProducer

from bench.against import HERE, Version, add_argument, in_turn, stack_for, versions
from bench.events import WireEvent
from bench.pipeline import PARTITIONS, PATIENCE_SECONDS, POLL_SECONDS, process_of_worker
from bench.rounds import rounds_within, spread
from touchline.clickhouse.connect import connect
from touchline.local.stack import LocalStack

BUDGET_SECONDS: Final = 480.0
QUIET_SECONDS: Final = 4.0
"""At rest: no partition has written anything for so long, four ticks."""
INSERTS: Final = "SELECT uniqExact(stream, insert_number) FROM journey_raw.ledger WHERE kind = 'mark'"


class Measured(NamedTuple):
    """CPU microseconds an event, and events a second by the clock."""

    worker_us: float
    engine_us: float
    events_per_second: float


class Reading(NamedTuple):
    """How many events were stored, and the CPU seconds of worker and engine until then."""

    stored: int
    cpu_seconds: tuple[float, float]
    at: float


def run(events: Sequence[WireEvent], version: Version = HERE, *, until_rest: bool = False) -> Measured:
    """One worker over the events, from the first that stand in ClickHouse to the last; `until_rest`: to the end of all that follows
    from them, the time of `QUIET_SECONDS` not counted and its CPU counted."""
    with stack_for(version, PARTITIONS) as stack:
        _send(stack, events)
        with process_of_worker(stack.settings, version) as pid:
            return _measure(stack, pid, len(events), version.counted, until_rest=until_rest)


def run_shares(
    name: str,
    arguments: argparse.Namespace,
    shares: Sequence[float],
    made: Callable[[int, float], list[WireEvent]],
    **kept: bool,
) -> dict[str, object]:
    """The rounds of a benchmark that stores events of which some share is `name`, each share and each version in turn; the summary."""
    rounds: list[dict[float, Measured]] = []
    others: list[dict[float, Measured]] = []
    with versions(arguments.against) as found:
        for number in rounds_within(arguments.rounds, BUDGET_SECONDS):
            turn = number % len(shares)
            here, there = dict[float, Measured](), dict[float, Measured]()
            for share in (*shares[turn:], *shares[:turn]):
                events = made(arguments.events, share)
                for version in in_turn(found, number):
                    (here if version is HERE else there)[share] = run(events, version, **kept)
            rounds.append({share: here[share] for share in shares})
            others += [there] if there else []
            shown = ", ".join(f"{share:.0%} {name} {here[share].worker_us:.1f}" for share in shares)
            shown += "".join(f"; {arguments.against}: {share:.0%} {one.worker_us:.1f}" for share, one in there.items())
            print(f"round {number + 1}: us of the worker's CPU an event: {shown}", file=sys.stderr)
    result = summarize(rounds, name, arguments.events)
    return result | (compare(rounds, others, name) | {"against": found[-1].name} if others else {})


def _send(stack: LocalStack, events: Sequence[WireEvent]) -> None:
    bootstrap, topic = stack.settings.kafka_bootstrap, stack.settings.topic
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, batch_size=256 << 10, enable_idempotence=True)
    for event in events:
        producer.send(topic, event.value, key=event.key, headers=event.headers, partition=event.partition)
    producer.flush()
    producer.close()


def _measure(stack: LocalStack, worker_pid: int, events: int, counted: str, *, until_rest: bool) -> Measured:
    engine = stack.clickhouse.identity
    assert engine is not None, "the stack runs"
    processes = [psutil.Process(worker_pid), psutil.Process(engine.pid)]
    client = connect(stack.settings)
    try:
        first = wait_stored(client, processes, counted, 1, events)
        last = wait_stored(client, processes, counted, events, events)
        if until_rest:
            last = _wait_rest(client, processes, last)
    finally:
        client.disconnect()
    count = events - first.stored
    if not count:
        raise SystemExit("too few events to measure: all were stored at once")
    worker, server = (after - before for before, after in zip(first.cpu_seconds, last.cpu_seconds, strict=True))
    return Measured(worker / count * 1e6, server / count * 1e6, count / (last.at - first.at))


def wait_stored(
    client: Client,
    processes: Sequence[psutil.Process],
    query: str,
    count: int,
    events: int,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Reading:
    """Wait until the query's answer is `count` of the `events`, and read the CPU time of worker and engine then."""
    deadline = time.monotonic() + patience_seconds
    stored = 0
    while time.monotonic() < deadline and processes[0].status() != psutil.STATUS_ZOMBIE:
        stored = int(client.execute(query)[0][0])
        if stored >= count:
            return read(stored, processes)
        time.sleep(POLL_SECONDS * 10)  # the server's CPU is counted: few questions
    raise SystemExit(f"only {stored} of {events} events were stored within {patience_seconds:.0f} s")


def _wait_rest(client: Client, processes: Sequence[psutil.Process], last: Reading) -> Reading:
    deadline = time.monotonic() + PATIENCE_SECONDS
    inserts, quiet_since = -1, last.at
    while time.monotonic() < deadline:
        (said,) = client.execute(INSERTS)[0]
        now = read(last.stored, processes)
        if said != inserts:
            inserts, quiet_since = said, now.at
        elif now.at - quiet_since >= QUIET_SECONDS:
            return now._replace(at=quiet_since)
        time.sleep(POLL_SECONDS * 10)
    raise SystemExit(f"inserts go on after {PATIENCE_SECONDS:.0f} s")


def read(stored: int, processes: Sequence[psutil.Process]) -> Reading:
    """CPU seconds of worker and engine by now."""
    worker, server = (one.cpu_times() for one in processes)
    return Reading(stored, (worker.user + worker.system, server.user + server.system), time.monotonic())


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
                result |= spread(f"{label}_{part}_ratio", ratios)
    return {**result, "events": events, "rounds": len(rounds)}


def compare(
    rounds: Sequence[Mapping[float, Measured]], others: Sequence[Mapping[float, Measured]], name: str
) -> dict[str, object]:
    """The other commit's medians, and our CPU an event over its own of the same round: below 1 we are cheaper."""
    result: dict[str, object] = {}
    for share in rounds[0]:
        label = f"{name}_{share:.0%}".rstrip("%")
        for part in ("worker_us", "engine_us"):
            ours, theirs = ([getattr(one[share], part) for one in which] for which in (rounds, others))
            result[f"against_{label}_{part}"] = round(statistics.median(theirs), 1)
            ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
            result |= spread(f"{label}_{part.removesuffix('_us')}_ratio_to_against", ratios)
    return result


def parsed(name: str, description: str | None, events: int, rounds: int) -> argparse.Namespace:
    """The arguments of such a benchmark."""
    parser = argparse.ArgumentParser(prog=f"./run bench {name}", description=(description or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--events", type=int, default=events, help=f"events a run (default {events:,})")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"rounds (default {rounds})")
    add_argument(parser)
    return parser.parse_args()
