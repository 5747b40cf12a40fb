"""Which fault hits what, and when: drawn from a seed, so that the same seed is the same plan.

A run is a row of steps; with each step a share of the records is sent. A fault begins with a step and ends some steps later. No two
faults that would hide each other are on at once: each takes the parts that it touches for itself until it ends.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

MOST_WORKERS: Final = 4
STEP_SECONDS: Final = 1.0
FEW_KILLS: Final = 12
FEW_KILLS_STEP_SECONDS: Final = 0.5
"""A step takes at least that long; in the short form, with few kills, half of it."""
PAUSE_SECONDS: Final = 8.0
"""Longer than a worker's session (6 s)."""
LONGEST_OUTAGE: Final = (3.0, 180.0)
OUTAGE_SECONDS_PER_KILL: Final = 0.6
LAST_STEPS: Final = 2
"""At the end nothing is broken any more."""


class Kind(StrEnum):
    """What can be done to whom. Closed set, also in the timeline."""

    KILL = "kill -9 of a worker"
    BROKER = "kill -9 of a broker"
    CLICKHOUSE = "kill -9 of ClickHouse"
    END = "SIGTERM to a worker"
    PAUSE = "worker stopped beyond its session"
    FREEZE = "ClickHouse stopped"
    SCALE = "another number of workers"
    LATENCY = "latency to ClickHouse"
    BLACK_HOLE = "black hole to ClickHouse"
    HALF_OPEN = "half-open connection to ClickHouse"
    RESET = "connections to ClickHouse reset"
    CUT = "cut in mid-insert"
    CUT_ANSWER = "insert's answer cut off"
    KAFKA_LATENCY = "latency to Kafka"
    KAFKA_BLACK_HOLE = "black hole to Kafka"
    KAFKA_RESET = "connections to Kafka reset"
    DISK_FULL = "disk of the workers' state full"
    MAP = "another version of the map"
    ERASE = "persons erased"
    ABORT = "aborted transaction"


KILLS: Final = {Kind.KILL: 6, Kind.CLICKHOUSE: 2, Kind.BROKER: 2}
"""How many of ten kills hit what."""
ONCE: Final = frozenset((Kind.MAP,))
OF_WORKER: Final = frozenset((Kind.KILL, Kind.END, Kind.PAUSE))
OF_LINK: Final = frozenset((Kind.LATENCY, Kind.BLACK_HOLE, Kind.HALF_OPEN, Kind.RESET, Kind.CUT, Kind.CUT_ANSWER))
"""Between one worker and ClickHouse."""
OF_KAFKA: Final = frozenset((Kind.BROKER, Kind.KAFKA_LATENCY, Kind.KAFKA_BLACK_HOLE, Kind.KAFKA_RESET, Kind.ABORT))
OF_CLICKHOUSE: Final = frozenset((Kind.CLICKHOUSE, Kind.FREEZE, Kind.MAP))
SECONDS: Final = {
    Kind.KILL: (0.0, 3.0), Kind.BROKER: (0.0, 2.0), Kind.CLICKHOUSE: (1.0, 3.0), Kind.END: (0.0, 2.0),
    Kind.PAUSE: (PAUSE_SECONDS, PAUSE_SECONDS + 2), Kind.FREEZE: (1.0, 4.0), Kind.SCALE: (0.0, 0.0),
    Kind.LATENCY: (3.0, 6.0), Kind.BLACK_HOLE: (3.0, 8.0), Kind.HALF_OPEN: (3.0, 8.0), Kind.RESET: (0.0, 2.0),
    Kind.CUT: (3.0, 6.0), Kind.CUT_ANSWER: (3.0, 6.0), Kind.KAFKA_LATENCY: (2.0, 4.0), Kind.KAFKA_BLACK_HOLE: (7.0, 9.0),
    Kind.KAFKA_RESET: (0.0, 2.0), Kind.DISK_FULL: (3.0, 6.0), Kind.MAP: (0.0, 0.0), Kind.ERASE: (0.0, 0.0), Kind.ABORT: (0.0, 1.0),
}  # fmt: skip
"""How long a fault lasts: from, to."""


class Fault(NamedTuple):
    """One fault: begins with step `begins` and is over with step `ends`. `target` is the number of a worker (from 1), of a broker (from
    1), of a group of persons (from 0), or the new number of workers; 0 where there is one only."""

    number: int
    kind: Kind
    target: int
    begins: int
    ends: int

    def text(self) -> str:
        """For people."""
        whom = {Kind.SCALE: f": {self.target}", Kind.ERASE: f": group {self.target}"}.get(self.kind, "")
        if self.kind in OF_WORKER | OF_LINK:
            whom = f": worker {self.target}"
        elif self.kind is Kind.BROKER:
            whom = f": broker {self.target}"
        return f"{self.kind.value}{whom}"


class Plan(NamedTuple):
    """All of a run that chance decides, but for the records."""

    seed: int
    workers: int
    steps: int
    step_seconds: float
    faults: tuple[Fault, ...]

    def beginning(self, step: int) -> list[Fault]:
        """What begins with this step."""
        return [one for one in self.faults if one.begins == step]

    def ending(self, step: int) -> list[Fault]:
        """What is over with this step."""
        return [one for one in self.faults if one.ends == step]

    @property
    def groups(self) -> int:
        """Groups of persons that are erased."""
        return sum(one.kind is Kind.ERASE for one in self.faults)


def plan_of(seed: int, kills: int, brokers: int = 1) -> Plan:
    """The plan of a seed. One ClickHouse outage is the longest: minutes where there are hundreds of kills."""
    rng = random.Random(f"chaos {seed} {kills} {brokers}")
    kinds = list(_kinds(rng, kills))
    first = rng.randint(2, 3)
    step_seconds = FEW_KILLS_STEP_SECONDS if kills <= FEW_KILLS else STEP_SECONDS

    def steps_of(seconds: float) -> int:
        return math.ceil(seconds / step_seconds)

    longest = steps_of(min(max(kills * OUTAGE_SECONDS_PER_KILL, LONGEST_OUTAGE[0]), LONGEST_OUTAGE[1]))
    outage = next((place for place, kind in enumerate(kinds) if kind is Kind.CLICKHOUSE), None)
    groups = iter(range(kills + 1))
    taken: dict[str, int] = {}
    faults: list[Fault] = []
    count, step = first, 1
    for place, kind in enumerate(kinds):
        step += rng.choice((0, 0, 1, 1)) if place else 0
        lasts = longest if place == outage else steps_of(rng.uniform(*SECONDS[kind]))
        target = _target(rng, kind, count, brokers, groups)
        parts = _parts(kind, target)
        # One that has to wait for its parts lets the next ones go ahead: during a long outage there is more than that.
        begins = max(step, *(taken.get(part, 0) for part in parts))
        count = target if kind is Kind.SCALE else count
        taken |= dict.fromkeys(parts, begins + lasts + 1)
        faults.append(Fault(place, kind, target, begins, begins + lasts))
    faults.sort(key=lambda one: (one.begins, one.number))
    numbered = tuple(one._replace(number=number) for number, one in enumerate(faults, 1))
    steps = max((one.ends for one in faults), default=0) + 1 + LAST_STEPS
    return Plan(seed, first, steps, step_seconds, numbered)


def _kinds(rng: random.Random, kills: int) -> Iterator[Kind]:
    """The kills by their shares, and of every other kind one, of most one more for each ten kills; the map's in the midst."""
    share = sum(KILLS.values())
    counts = {kind: round(kills * part / share) for kind, part in KILLS.items()}
    counts[Kind.KILL] += kills - sum(counts.values())
    others = [kind for kind in Kind if kind not in KILLS]
    counts |= {kind: 1 if kind in ONCE else max(1, kills // 10) for kind in others}
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    rng.shuffle(kinds)
    # Persons leave when what they sent is stored, and a map changes under way: neither at the very beginning.
    late = [kind for kind in kinds if kind in (Kind.ERASE, Kind.MAP)]
    early: list[Kind] = [kind for kind in kinds if kind not in (Kind.ERASE, Kind.MAP)]
    for kind in late:
        early.insert(rng.randint(len(early) // 2, len(early) * 3 // 4), kind)
    yield from early


def _target(rng: random.Random, kind: Kind, workers: int, brokers: int, groups: Iterator[int]) -> int:
    if kind in OF_WORKER | OF_LINK:
        return rng.randint(1, workers)
    if kind is Kind.SCALE:
        return rng.choice([number for number in range(1, MOST_WORKERS + 1) if number != workers])
    if kind is Kind.BROKER:
        return rng.randint(1, brokers)
    return next(groups) if kind is Kind.ERASE else 0


def _parts(kind: Kind, target: int) -> list[str]:
    """What a fault takes for itself."""
    if kind in OF_WORKER | OF_LINK:
        return [f"worker {target}"]
    if kind is Kind.SCALE:
        return [f"worker {number}" for number in range(1, MOST_WORKERS + 1)]
    if kind in OF_KAFKA:
        return ["kafka"]
    if kind in OF_CLICKHOUSE:
        return ["clickhouse"]
    # A disk that is full is met by workers only that have something to store.
    return ["kafka", "clickhouse"] if kind is Kind.DISK_FULL else [kind.name]
