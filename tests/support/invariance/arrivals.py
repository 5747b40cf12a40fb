"""In which order the versions reach Kafka: sorted by their times, or as the world sends them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.support.invariance.events import DAY_US, Version

LATE: Final = 0.1
LATE_DAYS: Final = 30
DUPLICATES: Final = 0.05
REVISED_WITHIN_DAYS: Final = 20
EARLY_REVISIONS: Final = 0.2
"""Share of the revisions that come before what they revise."""
SECONDS_US: Final = 1_000_000


class Arrivals(NamedTuple):
    """The records of both runs, the same ones: `in_order` as one worker gets them without faults, `shuffled` as they come."""

    in_order: list[Version]
    shuffled: list[Version]


def arrivals_of(versions: Sequence[Version], seed: int) -> Arrivals:
    """10 % are late by up to 30 days, 5 % come twice, revisions come up to 20 days after or before what they revise."""
    rng = random.Random(seed + 1)
    arriving: list[tuple[int, int, Version]] = []
    for number, one in enumerate(versions):
        arriving.append((_arrives_us(rng, one), number, one))
        if rng.random() < DUPLICATES:
            arriving.append((_arrives_us(rng, one), number, one))
    by_time = sorted(arriving, key=lambda one: (one[2].time_us, one[2].key, one[2].event.get("revision", 0), one[1]))
    arriving.sort(key=lambda one: one[:2])
    return Arrivals([version for *_, version in by_time], [version for *_, version in arriving])


def _arrives_us(rng: random.Random, version: Version) -> int:
    delay_us = rng.randrange(60 * SECONDS_US)
    if version.event.get("revision"):
        days = REVISED_WITHIN_DAYS if rng.random() > EARLY_REVISIONS else -REVISED_WITHIN_DAYS
        delay_us = int(rng.random() * days * DAY_US)
    if rng.random() < LATE:
        delay_us += int(rng.random() * LATE_DAYS * DAY_US)
    return version.time_us + delay_us
