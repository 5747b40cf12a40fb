"""How events really arrive: some late, some twice, so out of order. What is true does not change by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from touchline.schemas.times import US_PER_DAY, US_PER_HOUR
from touchline.simulate.chance import Chance, share_of
from touchline.simulate.stories import StoryEvent

LATE_SHARE: Final = 0.06
TWICE_SHARE: Final = 0.05
_MEAN_DELAY_US = 2 * US_PER_DAY
_LONGEST_DELAY_US = 10 * US_PER_DAY
_MEAN_REPETITION_US = 12 * US_PER_HOUR


class Arrival(NamedTuple):
    """One sending of an event. `copy` is 0 for the first and 1 for a repetition, `delay_us` the time since it happened."""

    time_us: int
    copy: int
    delay_us: int
    told: StoryEvent


def disturb(told: StoryEvent, seed: int) -> Iterator[Arrival]:
    """One or two arrivals of an event."""
    words = (seed, told.event["id"], told.event.get("revision", 0))
    delay_us = 0
    if share_of("late", *words) < LATE_SHARE:
        delay_us = round(min(Chance("delay", *words).exponential(_MEAN_DELAY_US), _LONGEST_DELAY_US))
    yield Arrival(told.time_us + delay_us, 0, delay_us, told)
    if share_of("twice", *words) < TWICE_SHARE:
        after_us = round(min(Chance("repetition", *words).exponential(_MEAN_REPETITION_US), _LONGEST_DELAY_US))
        again_us = delay_us + 1 + after_us
        yield Arrival(told.time_us + again_us, 1, again_us, told)
