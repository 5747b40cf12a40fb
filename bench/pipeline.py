"""Events per worker CPU second, ours over stock Faust: `./run bench pipeline [--json] [--events N] [--rounds N]
[--profile] [--simulated] [--against COMMIT]`.

Each round has a stack of its own in a temporary folder. The same events are written to a topic once; our worker and the
baseline (bench/stock_faust.py) read them one after the other, in turn first. CPU time is the worker process's, user and
system, between the first events that stand in ClickHouse and the last. Reported are medians, with the spread over
rounds. With `--against` the worker of that commit has its turn on a stack of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from bench import stock_faust
from bench.against import HERE, ROOT, Version, add_argument, environment_for, in_turn, stack_for, versions
from bench.events import send_events
from bench.rounds import rounds_within, spread
from touchline.clickhouse.connect import connect
from touchline.local.parts import settings_environment
from touchline.settings import Settings

EVENTS = 100_000
ROUNDS = 3
PARTITIONS = 4
PATIENCE_SECONDS = 150.0
BUDGET_SECONDS = 450.0
"""No further round begins when it would probably end later; three take about two and a half minutes on two quiet cores."""
POLL_SECONDS = 0.05
STOCK = f"SELECT count() FROM {stock_faust.TABLE}"


class Measured(NamedTuple):
    """One worker's run over the events."""

    events_per_cpu_second: float
    events_per_second: float
    cpu_us_per_event: float


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = _arguments()
    if arguments.profile:
        from bench.profile import profile

        print(profile(arguments.events))
        return
    rounds: list[tuple[Measured, Measured]] = []
    others: list[Measured] = []
    with versions(arguments.against) as found:
        for number in rounds_within(arguments.rounds, BUDGET_SECONDS):
            for version in in_turn(found, number):
                if version is HERE:
                    rounds.append(run_round(arguments.events, number % 2 == 0, arguments.simulated))
                else:
                    others.append(run_other(version, arguments.events, arguments.simulated))
            _tell(number, rounds[-1], others[-1:], arguments.against)
    result = summarize(rounds, arguments.events)
    if others:
        result |= compare([ours for ours, _ in rounds], others) | {"against": found[-1].name}
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


def _tell(number: int, pair: tuple[Measured, Measured], other: list[Measured], commit: str | None) -> None:
    ours, stock = pair
    ratio = ours.events_per_cpu_second / stock.events_per_cpu_second
    print(
        f"round {number + 1}: ours {ours.cpu_us_per_event:.1f} us of CPU an event, stock Faust {stock.cpu_us_per_event:.1f}, "
        f"ratio {ratio:.1f}" + "".join(f"; {commit} {one.cpu_us_per_event:.1f}" for one in other),
        file=sys.stderr,
    )


def compare(ours: list[Measured], others: list[Measured]) -> dict[str, object]:
    """The other commit's median, and our CPU an event over its own of the same round: below 1 we are cheaper."""
    ratios = [one.cpu_us_per_event / other.cpu_us_per_event for one, other in zip(ours, others, strict=True)]
    median = statistics.median(other.cpu_us_per_event for other in others)
    return {"against_cpu_us_per_event": round(median, 2), **spread("cpu_ratio_to_against", ratios)}


def summarize(rounds: list[tuple[Measured, Measured]], events: int) -> dict[str, object]:
    """Medians over the rounds; the spread is the lowest and highest ratio of a round."""
    ratios = [ours.events_per_cpu_second / stock.events_per_cpu_second for ours, stock in rounds]
    ours, stock = [[pair[side].events_per_cpu_second for pair in rounds] for side in (0, 1)]
    return {
        "ratio_to_stock_faust": round(statistics.median(ratios), 2),
        "ratio_min": round(min(ratios), 2),
        "ratio_max": round(max(ratios), 2),
        "events_per_worker_cpu_second": round(statistics.median(ours)),
        "stock_events_per_worker_cpu_second": round(statistics.median(stock)),
        "cpu_us_per_event": round(1e6 / statistics.median(ours), 2),
        "stock_cpu_us_per_event": round(1e6 / statistics.median(stock), 2),
        "events_per_second": round(statistics.median(pair[0].events_per_second for pair in rounds)),
        "events": events,
        "rounds": len(rounds),
    }


def run_round(events: int, ours_first: bool, simulated: bool) -> tuple[Measured, Measured]:
    """Our worker and the baseline over the same topic, on one stack."""
    with stack_for(HERE, PARTITIONS) as stack:
        send_events(stack.settings.kafka_bootstrap, stack.settings.topic, events, PARTITIONS, simulated=simulated)
        if ours_first:
            ours, stock = measure_worker(stack.settings, HERE, events), measure_stock(stack.settings, events)
        else:
            stock, ours = measure_stock(stack.settings, events), measure_worker(stack.settings, HERE, events)
        return ours, stock


def run_other(version: Version, events: int, simulated: bool) -> Measured:
    """The worker of another commit over the same events, on a stack of its own."""
    with stack_for(version, PARTITIONS) as stack:
        send_events(stack.settings.kafka_bootstrap, stack.settings.topic, events, PARTITIONS, simulated=simulated)
        return measure_worker(stack.settings, version, events)


def measure_worker(settings: Settings, version: Version, events: int) -> Measured:
    """`touchline worker` from an empty ledger to the last event."""
    with process_of_worker(settings, version) as pid:
        return _measure(pid, settings, version.counted, events)


@contextmanager
def process_of_worker(settings: Settings, version: Version = HERE) -> Iterator[int]:
    """A `touchline worker` while the block runs; gives its process id."""
    command = [version.python, "-m", "touchline", "worker"]
    with running(command, environment_for(version, settings), worker_log(settings), version.root) as pid:
        yield pid


def worker_log(settings: Settings) -> Path:
    """What the worker that was started last says."""
    return settings.local_dir / "worker-of-benchmark.log"


def measure_stock(settings: Settings, events: int) -> Measured:
    """The baseline from an empty table to the last event."""
    client = connect(settings)
    client.execute("CREATE DATABASE bench_stock")
    client.execute(
        f"CREATE TABLE {stock_faust.TABLE} ({', '.join(stock_faust.COLUMNS)}) "
        "ENGINE = MergeTree ORDER BY (touchpoint, event_time)"
    )
    client.disconnect()
    environment = {
        **settings_environment(settings),
        "BENCH_KAFKA": settings.kafka_bootstrap,
        "BENCH_TOPIC": settings.topic,
        "BENCH_CLICKHOUSE_PORT": str(settings.clickhouse_port),
        "BENCH_PASSWORD_FILE": str(settings.clickhouse_password_file),
    }
    command = [sys.executable, "-m", "bench.stock_faust", "--datadir", str(settings.local_dir / "faust")]
    command += ["worker", "--loglevel", "warn", "--without-web"]
    with running(command, environment, settings.local_dir / "stock.log") as pid:
        return _measure(pid, settings, STOCK, events)


def _measure(pid: int, settings: Settings, count_query: str, events: int) -> Measured:
    client = connect(settings)
    process = psutil.Process(pid)
    deadline = time.monotonic() + PATIENCE_SECONDS
    first: tuple[int, float, float] | None = None
    stored = 0
    try:
        while time.monotonic() < deadline and process.status() != psutil.STATUS_ZOMBIE:
            stored = int(client.execute(count_query)[0][0])
            times = process.cpu_times()
            now = (stored, times.user + times.system, time.monotonic())
            if stored and first is None:
                first = now
            if stored >= events and first is not None:
                return _between(first, now)
            time.sleep(POLL_SECONDS)
    finally:
        client.disconnect()
    raise SystemExit(f"only {stored} of {events} events were stored within {PATIENCE_SECONDS:.0f} s")


def _between(first: tuple[int, float, float], last: tuple[int, float, float]) -> Measured:
    count, cpu_seconds, seconds = (end - begin for begin, end in zip(first, last, strict=True))
    if not count or not cpu_seconds:
        raise SystemExit("too few events to measure: all were stored at once")
    return Measured(count / cpu_seconds, count / seconds, cpu_seconds / count * 1e6)


@contextmanager
def running(command: list[str], environment: dict[str, str], log_path: Path, folder: Path = ROOT) -> Iterator[int]:
    """A program while the block runs, its output in the log; gives its process id. What it said is shown when the block gives up."""
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield process.pid
    except SystemExit:
        sys.stderr.write(log_path.read_text(errors="replace")[-4_000:])
        raise
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench pipeline", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"events a round (default {EVENTS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds in turn (default {ROUNDS})")
    parser.add_argument("--profile", action="store_true", help="CPU by step of the pipeline instead, in this process")
    parser.add_argument(
        "--simulated", action="store_true", help="the simulator's events, some of them late, doubled or revised"
    )
    add_argument(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
