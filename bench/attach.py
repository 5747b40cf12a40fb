"""CPU time of `attach` per event, for short and long batches per person, and of carrying a tail over.

Persons have a tail from the day before, as in a running worker; events come in order. Each figure is the least of
many rounds over a few hundred persons: the least is what the code costs, everything above is the machine's other
work."""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from touchline.journey.attach import attach
from touchline.journey.compile import CompiledMap, compile_map
from touchline.journey.values import JourneyEvent, Tail, dump_tail, load_tail
from touchline.schemas.journey.read import load_map

JOURNEYS = Path(__file__).parent.parent / "journeys"
PERSONS = 300
DAY_US = 86_400_000_000
START_US = 1_767_225_600_000_000  # 2026-01-01
SEED = 7
# The fast path of the demo, and a map whose rules look at the history of nearly every event.
PLACES = {
    "retail": [
        ("store_purchase", "purchase"),
        ("store_purchase", "purchase"),
        ("coupon", "redeem"),
        ("campaign_mailing", ""),
    ],
    "five_stages_service": [
        ("website", "view"),
        ("website", "compare"),
        ("hotline", ""),
        ("store_purchase", "purchase"),
    ],
}


def events_of_day(random: Random, name: str, day: int, count: int) -> list[JourneyEvent]:
    """One person's events of one day, in order."""
    start_us = START_US + day * DAY_US
    times_us = sorted(start_us + random.randrange(DAY_US) for _ in range(count))
    return [
        JourneyEvent._make(
            (
                time_us,
                "bench",
                f"{day}-{number}",
                *random.choice(PLACES[name]),
                "",
                time_us // DAY_US,
                "",
                "",
                {},
                True,
                0,
            )
        )
        for number, time_us in enumerate(times_us)
    ]


def least_us(work: Callable[[], object], rounds: int) -> float:
    """CPU microseconds of the quickest round."""
    least = float("inf")
    for _ in range(rounds):
        started = time.thread_time_ns()
        work()
        least = min(least, time.thread_time_ns() - started)
    return least / 1_000


def attach_us(journey_map: CompiledMap, name: str, batch: int, rounds: int) -> float:
    """Per event, for batches of `batch` events a person."""
    random = Random(SEED)
    persons = [
        (events_of_day(random, name, 1, batch), attach(events_of_day(random, name, 0, 5), journey_map)[1])
        for _ in range(PERSONS)
    ]

    def work() -> None:
        for events, tail in persons:
            attach(events, journey_map, tail)

    return least_us(work, rounds) / (PERSONS * batch)


def carry_us(journey_map: CompiledMap, name: str, rounds: int) -> tuple[float, float]:
    """Per tail: dump_tail, load_tail."""
    random = Random(SEED)
    tails: Sequence[Tail] = [attach(events_of_day(random, name, 0, 5), journey_map)[1] for _ in range(PERSONS)]
    dumped = [dump_tail(tail) for tail in tails]
    dump = least_us(lambda: [dump_tail(tail) for tail in tails], rounds)
    load = least_us(lambda: [load_tail(one) for one in dumped], rounds)
    return dump / PERSONS, load / PERSONS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="./run bench attach", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--rounds", type=int, default=100, help="rounds of each measurement")
    arguments = parser.parse_args()
    gc.disable()  # the worker collects between batches, not within one
    figures: dict[str, float] = {}
    for name in PLACES:
        journey_map = compile_map(load_map(JOURNEYS / f"{name}.yaml"))
        for batch in (1, 2, 5, 20):
            rounds = max(20, arguments.rounds // batch)
            figures[f"{name}_attach_{batch}_us"] = round(attach_us(journey_map, name, batch, rounds), 2)
        dump, load = carry_us(journey_map, name, arguments.rounds)
        figures |= {f"{name}_dump_tail_us": round(dump, 2), f"{name}_load_tail_us": round(load, 2)}
    for figure, value in figures.items():
        print(f"{figure:40} {value:6.2f}")
    if arguments.json:
        print(json.dumps({"bench": "attach", "persons": PERSONS, **figures}))


if __name__ == "__main__":
    main()
