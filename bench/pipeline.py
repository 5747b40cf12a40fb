"""Events per worker CPU second, ours over stock Faust: `./run bench pipeline [--json] [--events N] [--rounds N]
[--profile] [--simulated]`.

Each round has a stack of its own in a temporary folder. The same events are written to a topic once; our worker and the
baseline (bench/stock_faust.py) read them one after the other, in turn first. CPU time is the worker process's, user and
system, between the first events that stand in ClickHouse and the last. Reported are medians, with the spread over
rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from bench import stock_faust
from bench.events import send_events
from bench.rounds import rounds_within
from touchline.clickhouse.connect import connect
from touchline.local.parts import settings_environment
from touchline.local.stack import LocalStack
from touchline.settings import Settings

EVENTS = 100_000
ROUNDS = 3
PARTITIONS = 4
PATIENCE_SECONDS = 150.0
BUDGET_SECONDS = 450.0
"""No further round begins when it would probably end later; three take about two and a half minutes on two quiet cores."""
POLL_SECONDS = 0.05
OURS = "SELECT toUInt64(sum(sign)) FROM journey_raw.ledger WHERE kind = 'received'"
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
    for number in rounds_within(arguments.rounds, BUDGET_SECONDS):
        rounds.append(run_round(arguments.events, ours_first=number % 2 == 0, simulated=arguments.simulated))
        ours, stock = rounds[-1]
        print(
            f"round {number + 1}: ours {ours.cpu_us_per_event:.1f} us of CPU an event, stock Faust "
            f"{stock.cpu_us_per_event:.1f}, ratio {ours.events_per_cpu_second / stock.events_per_cpu_second:.1f}",
            file=sys.stderr,
        )
    result = summarize(rounds, arguments.events)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


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


def run_round(events: int, *, ours_first: bool, simulated: bool) -> tuple[Measured, Measured]:
    """Our worker and the baseline over the same topic, on one stack."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        LocalStack(Path(folder), partitions=PARTITIONS) as stack,
    ):
        send_events(stack.settings.kafka_bootstrap, stack.settings.topic, events, PARTITIONS, simulated=simulated)
        if ours_first:
            ours, stock = measure_ours(stack.settings, events), measure_stock(stack.settings, events)
        else:
            stock, ours = measure_stock(stack.settings, events), measure_ours(stack.settings, events)
        return ours, stock


def measure_ours(settings: Settings, events: int) -> Measured:
    """`touchline worker` from an empty ledger to the last event."""
    with process_of_worker(settings) as pid:
        return _measure(pid, settings, OURS, events)


@contextmanager
def process_of_worker(settings: Settings) -> Iterator[int]:
    """A `touchline worker` while the block runs; gives its process id."""
    command = [sys.executable, "-m", "touchline", "worker"]
    with _process(command, settings_environment(settings), settings.local_dir / "ours.log") as pid:
        yield pid


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
    with _process(command, environment, settings.local_dir / "stock.log") as pid:
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
def _process(command: list[str], environment: dict[str, str], log_path: Path) -> Iterator[int]:
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
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
    return parser.parse_args()


if __name__ == "__main__":
    main()
