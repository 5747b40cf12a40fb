"""What a worker costs that knows many persons: `./run bench scale [--json] [--persons N ...] [--events N] [--rounds N]`.

A ledger and a state of so many persons are made, by an event of each that the worker stores. Then events of 10,000 of them come, and after
a restart as many events of all alike; in every second round the other way round. Counted is CPU time, user and system, of the worker and of
the ClickHouse server between the first events of a kind that stand in ClickHouse and the last; and the worker's resident memory then, with
the mapped file of its state told apart: its pages are the system's, which takes them back when it needs them. Ratios are to the fewest
persons of the same round, and the same kind.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from clickhouse_driver import Client

from bench.against import HERE, stack_for
from bench.events import events_of
from bench.known import make_known, reading, send
from bench.pipeline import PARTITIONS, process_of_worker
from bench.rounds import rounds_within, spread
from touchline.clickhouse.connect import connect
from touchline.local.stack import LocalStack

PERSONS: Final = (10_000, 100_000, 1_000_000)
EVENTS = 100_000
ROUNDS = 1
BUDGET_SECONDS = 900.0
ACTIVE: Final = 10_000
KINDS: Final = ("active", "alike")
SEED: Final = 17
_MAPPING: Final = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)$")
_STATE_FILE: Final = "data.mdb"


class Memory(NamedTuple):
    """Resident megabytes (10^6 bytes): of the process without the mapped file of its state, and of that file."""

    own_mb: float
    mapped_mb: float


class Figures(NamedTuple):
    """Microseconds of CPU an event, and memory when the last one was stored."""

    worker_us: float
    engine_us: float
    own_mb: float
    mapped_mb: float


Round = Mapping[tuple[int, str], Figures]


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = _arguments()
    sizes: list[int] = sorted(arguments.persons)
    rounds: list[Round] = []
    for number in rounds_within(arguments.rounds, BUDGET_SECONDS):
        kinds = KINDS if number % 2 == 0 else KINDS[::-1]
        found: dict[tuple[int, str], Figures] = {}
        for persons in sizes if number % 2 == 0 else sizes[::-1]:
            for kind, figures in measure(persons, arguments.events, kinds).items():
                found[persons, kind] = figures
                print(f"round {number + 1}: {persons:,} persons, {kind}: {figures}", file=sys.stderr)
        rounds.append(found)
    result = summarize(rounds) | {"events": arguments.events, "rounds": len(rounds)}
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


def measure(persons: int, events: int, kinds: Sequence[str]) -> dict[str, Figures]:
    """So many known persons on a stack of their own, and events of each kind in this order."""
    with stack_for(HERE, PARTITIONS) as stack:
        client = connect(stack.settings, timeout_seconds=600)
        try:
            make_known(stack, client, persons)
            stored, found = persons, {}
            for kind in kinds:
                found[kind] = _of_kind(stack, client, persons, events, stored, kind)
                stored += events
            return found
        finally:
            client.disconnect()


def _of_kind(stack: LocalStack, client: Client, persons: int, events: int, stored: int, kind: str) -> Figures:
    send(stack, events_of(chosen(persons, events, stored, kind), stored, PARTITIONS))
    with process_of_worker(stack.settings) as pid:
        first = reading(stack, client, pid, stored + 1)
        last = reading(stack, client, pid, stored + events)
        memory = memory_of(Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8"))
    count = last.stored - first.stored
    if not count:
        raise SystemExit("too few events to measure: all were stored at once")
    worker, engine = (late - early for early, late in zip(first.cpu_seconds, last.cpu_seconds, strict=True))
    return Figures(worker / count * 1e6, engine / count * 1e6, *memory)


def chosen(persons: int, events: int, seed: int, kind: str) -> Iterator[int]:
    """Who has an event: some of `ACTIVE` of the persons, spread over all, or any of them alike."""
    random = Random(SEED + seed)
    active = min(ACTIVE, persons)
    step = persons // active
    for _ in range(events):
        yield random.randrange(active) * step if kind == "active" else random.randrange(persons)


def memory_of(smaps: str) -> Memory:
    """Resident memory told from `/proc/PID/smaps`, whose `Rss` lines are of the mapping named above them, in KiB."""
    own = mapped = 0
    is_state = False
    for line in smaps.splitlines():
        if mapping := _MAPPING.match(line):
            is_state = mapping[1].endswith(f"/{_STATE_FILE}")
        elif line.startswith("Rss:"):
            size = int(line.split()[1]) * 1024
            own, mapped = (own, mapped + size) if is_state else (own + size, mapped)
    return Memory(own / 1e6, mapped / 1e6)


def summarize(rounds: Sequence[Round]) -> dict[str, object]:
    """Medians over the rounds, and the worker's ratio to the fewest persons with its spread."""
    result: dict[str, object] = {}
    fewest = min(persons for persons, _ in rounds[0])
    for persons, kind in sorted(rounds[0]):
        of_size = [one[persons, kind] for one in rounds]
        for field in Figures._fields:
            result[f"{persons}_{kind}_{field}"] = round(statistics.median(getattr(one, field) for one in of_size), 1)
        if persons != fewest:
            ratios = [one[persons, kind].worker_us / one[fewest, kind].worker_us for one in rounds]
            result |= spread(f"{persons}_{kind}_worker_ratio", ratios)
    return result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench scale", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    sizes = ", ".join(f"{one:,}" for one in PERSONS)
    parser.add_argument("--persons", type=int, nargs="+", default=PERSONS, help=f"known persons (default {sizes})")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"events of each kind (default {EVENTS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds in turn (default {ROUNDS})")
    return parser.parse_args()


if __name__ == "__main__":
    main()
