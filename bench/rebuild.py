"""A worker that has lost its state: `./run bench rebuild [--json] [--persons N] [--rounds N]`.

A ledger of so many persons is made, by an event of each that the worker stores, and the folder of its state is deleted. New events of some
of them wait in every partition when the worker starts again. Told are seconds from its start until the first of these events stands in
ClickHouse, until it has said of every partition that its state is whole, and until all new events are stored; and CPU seconds, user and
system, of worker and ClickHouse server until the state is whole (the server is asked four times a second how far it is). The same is told
of a start with the state still there, which is what a rebuild is to be compared with.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import psutil
from clickhouse_driver import Client

from bench.against import HERE, OURS, stack_for
from bench.cpu import read
from bench.events import events_of
from bench.known import SECONDS_FOR, make_known, send
from bench.pipeline import PARTITIONS, POLL_SECONDS, process_of_worker, worker_log
from bench.rounds import rounds_within
from touchline.clickhouse.connect import connect
from touchline.local.stack import LocalStack

PERSONS = 100_000
ROUNDS = 1
BUDGET_SECONDS = 900.0
NEW_EVENTS: Final = 4_000
_WHOLE: Final = re.compile(r" event=acquired partition=(\d+) .*restored_persons=(\d+)")


class Start(NamedTuple):
    """One start of the worker: seconds, CPU seconds until the state is whole, persons that are noted to be read."""

    first_batch_s: float
    whole_s: float
    all_stored_s: float
    worker_cpu_s: float
    engine_cpu_s: float
    restored_persons: int


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = _arguments()
    rounds: list[dict[str, Start]] = []
    for number in rounds_within(arguments.rounds, BUDGET_SECONDS):
        rounds.append(run(arguments.persons, lost_first=number % 2 == 0))
        print(f"round {number + 1}: {rounds[-1]}", file=sys.stderr)
    result = summarize(rounds) | {"persons": arguments.persons, "rounds": len(rounds)}
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


def run(persons: int, *, lost_first: bool) -> dict[str, Start]:
    """A start without the state and one with it, on one stack."""
    with stack_for(HERE, PARTITIONS) as stack:
        client = connect(stack.settings, timeout_seconds=600)
        try:
            make_known(stack, client, persons)
            stored, found = persons, {}
            for kind in ("lost", "kept") if lost_first else ("kept", "lost"):
                if kind == "lost":
                    shutil.rmtree(stack.settings.state_dir)
                found[kind] = _start(stack, client, persons, stored)
                stored += NEW_EVENTS
            return found
        finally:
            client.disconnect()


def _start(stack: LocalStack, client: Client, persons: int, stored: int) -> Start:
    someone = (number * max(1, persons // NEW_EVENTS) % persons for number in range(NEW_EVENTS))
    send(stack, events_of(someone, stored, PARTITIONS))
    engine = psutil.Process(stack.clickhouse.pid)
    before = read(0, [engine, engine])
    first = whole = everything = None
    restored: Mapping[int, int] = {}
    with process_of_worker(stack.settings) as pid:
        processes = [psutil.Process(pid), engine]
        deadline = before.at + 60 + persons * SECONDS_FOR
        while first is None or whole is None or everything is None:
            count = int(client.execute(OURS)[0][0]) - stored
            now = read(count, processes)
            restored = restored_persons(worker_log(stack.settings).read_text(encoding="utf-8", errors="replace"))
            first = first or (now if count > 0 else None)
            whole = whole or (now if len(restored) == PARTITIONS else None)
            everything = everything or (now if count >= NEW_EVENTS else None)
            if now.at > deadline or processes[0].status() == psutil.STATUS_ZOMBIE:
                raise SystemExit(f"the worker did not get there: {count} new events, {len(restored)} partitions")
            time.sleep(POLL_SECONDS * 5)
    return Start(
        first.at - before.at,
        whole.at - before.at,
        everything.at - before.at,
        whole.cpu_seconds[0],
        whole.cpu_seconds[1] - before.cpu_seconds[1],
        sum(restored.values()),
    )


def restored_persons(log: str) -> dict[int, int]:
    """By partition whose state is whole: how many persons are noted to be read, as the worker's log says."""
    return {int(partition): int(count) for partition, count in _WHOLE.findall(log)}


def summarize(rounds: Sequence[Mapping[str, Start]]) -> dict[str, object]:
    """Medians of both kinds of start, and of the lost state the spread of seconds until it is whole."""
    result: dict[str, object] = {}
    for kind in ("lost", "kept"):
        for field in Start._fields:
            result[f"{kind}_{field}"] = round(statistics.median(getattr(one[kind], field) for one in rounds), 2)
    whole = [one["lost"].whole_s for one in rounds]
    return {**result, "lost_whole_s_min": round(min(whole), 2), "lost_whole_s_max": round(max(whole), 2)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench rebuild", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--persons", type=int, default=PERSONS, help=f"persons of the lost state (default {PERSONS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds in turn (default {ROUNDS})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
