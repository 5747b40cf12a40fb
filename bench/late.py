"""What late events cost: `./run bench late [--json] [--events N] [--rounds N] [--against COMMIT]`.

The same events are stored three times, each time on a stack of its own and in changing order: all in order of their times;
1 % of them late; and 10 %. A late event arrives up to the whole span of the events after its time (100,000 events: 11 days).
Counted is CPU time, user and system, of the worker process and of the ClickHouse server, between the first events that stand in
ClickHouse and the last. Reported are medians over the rounds, and the ratio to the run in order, with its spread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Final

from bench.cpu import parsed, run_shares
from bench.events import WireEvent, make_events
from bench.pipeline import PARTITIONS

EVENTS = 100_000
ROUNDS = 3
SHARES: Final = (0.0, 0.01, 0.1)
SEED: Final = 11


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = parsed("late", __doc__, EVENTS, ROUNDS)
    result = run_shares("late", arguments, SHARES, late)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


def late(count: int, share: float) -> list[WireEvent]:
    """The benchmark's events, this share of them late."""
    return arrivals(make_events(count, PARTITIONS), count, share)


def arrivals(events: Iterator[WireEvent], count: int, share: float) -> list[WireEvent]:
    """The events in the order of their arrival: each is late with this probability, by up to the whole span."""
    random = Random(SEED)
    placed = [
        (number + (random.random() * count if random.random() < share else 0.0), number, event)
        for number, event in enumerate(events)
    ]
    placed.sort(key=lambda one: one[:2])
    return [event for _, _, event in placed]


if __name__ == "__main__":
    main()
