"""Control limits of a day, by its number of answers and the days before; and how often a day leaves them though nothing has changed.

Answers of a share (CSAT) or a net (NPS): the day and the days before are taken for draws from one lot. The chance of each number of good
less bad answers follows exactly (the multivariate hypergeometric distribution, of which Fisher's test is the case of a share); limits hold
as much of it as asked. Numbers are whole, so a day leaves them more seldom than asked: the rate that is stated is what it comes to.

Means (CES) and numbers of events: by the spread of the days before, with the quantile of Student's t for a day that is to come. The numbers
of events as Anscombe's roots (1948), whose spread does not grow with them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Final, NamedTuple

TAILS_BEYOND: Final = 8.0
"""Standard deviations beyond which nothing is counted: less than one in 10^14."""
TERMS_AT_MOST: Final = 400_000
"""Beyond so many terms of the exact sum there are a thousand answers a day, and the normal distribution says nearly the same."""
SPREAD_DAYS_AT_LEAST: Final = 7
_NORMAL: Final = NormalDist()
_ANSCOMBE: Final = 0.375


class Limits(NamedTuple):
    """A day is unusual below `low` or above `high`. `centre` is what was to be expected; `false_alarms` the chance that a day on which
    nothing has changed is unusual."""

    low: float
    high: float
    centre: float
    false_alarms: float


class Counts(NamedTuple):
    """Answers, and those of the good and the bad class."""

    n: int
    positive: int
    negative: int

    @property
    def net(self) -> int:
        """Good less bad ones."""
        return self.positive - self.negative


@lru_cache(maxsize=1_024)
def limits_of_counts(day: Counts, before: Counts, asked: float) -> Limits:
    """Limits of 100 x net / n of the day; of a share `negative` is 0. `asked` is the chance of a false alarm, half of it on each side."""
    lot = Counts(*(one + other for one, other in zip(day, before, strict=True)))
    chances = _chances(day.n, lot)
    lows, highs = sorted(chances), sorted(chances, reverse=True)
    low, below = _bound(lows, chances, asked / 2)
    high, above = _bound(highs, chances, asked / 2)
    return Limits(100 * low / day.n, 100 * high / day.n, 100 * before.net / before.n, below + above)


def limits_of_means(n: int, before: Sequence[tuple[float, int]], asked: float) -> Limits:
    """Limits of a mean of n answers, by means of days with their numbers of answers. Raises ValueError for less than seven days."""
    centre, half = _spread([(value, float(weight)) for value, weight in before], float(n), asked)
    return Limits(centre - half, centre + half, centre, asked)


def limits_of_events(before: Sequence[int], asked: float) -> Limits:
    """Limits of a day's number of events. Raises ValueError for less than seven days."""
    centre, half = _spread([(math.sqrt(number + _ANSCOMBE), 1.0) for number in before], 1.0, asked)
    low, high = (max(root, 0.0) ** 2 - _ANSCOMBE for root in (centre - half, centre + half))
    return Limits(max(low, 0.0), high, max(centre**2 - _ANSCOMBE, 0.0), asked)


def _bound(values: Sequence[int], chances: Mapping[int, float], asked: float) -> tuple[int, float]:
    """The first value, from one end on, that is still usual; and the chance of what lies before it."""
    beyond = 0.0
    for value in values:
        if beyond + chances[value] > asked:
            return value, beyond
        beyond += chances[value]
    return values[-1], beyond


def _chances(n: int, lot: Counts) -> dict[int, float]:
    """Good less bad ones of n that are drawn from the lot -> chance."""
    good = _range(n, lot.positive, lot.n)
    if len(good) * len(_range(n, lot.negative, lot.n)) > TERMS_AT_MOST:
        return _normal(n, lot)
    found: defaultdict[int, float] = defaultdict(float)
    rest = lot.n - lot.positive
    for positive in good:
        chance = _hypergeometric(positive, n, lot.positive, lot.n)
        for negative in _range(n - positive, lot.negative, rest):
            found[positive - negative] += chance * _hypergeometric(negative, n - positive, lot.negative, rest)
    return found


def _range(n: int, marked: int, total: int) -> range:
    """The numbers of marked ones among n drawn of `total` that have any chance worth counting."""
    share = marked / total if total else 0.0
    reach = TAILS_BEYOND * math.sqrt(n * share * (1 - share)) + TAILS_BEYOND
    first = max(0, n - (total - marked), math.floor(n * share - reach))
    return range(first, min(n, marked, math.ceil(n * share + reach)) + 1)


def _hypergeometric(drawn: int, n: int, marked: int, total: int) -> float:
    return math.exp(_log_choose(marked, drawn) + _log_choose(total - marked, n - drawn) - _log_choose(total, n))


def _log_choose(total: int, number: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(number + 1) - math.lgamma(total - number + 1)


def _normal(n: int, lot: Counts) -> dict[int, float]:
    """The same of many answers, by the normal distribution of the same mean and variance."""
    mean = lot.net / lot.n
    variance = (lot.positive + lot.negative) / lot.n - mean * mean
    spread = NormalDist(n * mean, math.sqrt(n * variance * (lot.n - n) / (lot.n - 1)))
    first, last = (round(spread.mean + side * TAILS_BEYOND * spread.stdev) for side in (-1, 1))
    return {value: spread.cdf(value + 0.5) - spread.cdf(value - 0.5) for value in range(first, last + 1)}


def _spread(before: Sequence[tuple[float, float]], weight: float, asked: float) -> tuple[float, float]:
    """What is to be expected of a day of that weight, and how far it may be from that."""
    if len(before) < SPREAD_DAYS_AT_LEAST:
        raise ValueError(f"limits need {SPREAD_DAYS_AT_LEAST} days before")
    total = sum(one for _, one in before)
    centre = sum(value * one for value, one in before) / total
    degrees = len(before) - 1
    variance = sum(one * (value - centre) ** 2 for value, one in before) / degrees
    return centre, _t_quantile(1 - asked / 2, degrees) * math.sqrt(variance * (1 / weight + 1 / total))


def _t_quantile(chance: float, degrees: int) -> float:
    """Of Student's t: Abramowitz and Stegun 26.7.5. From 6 degrees of freedom on, and down to one in 10,000, the chance that lies beyond it
    is off by less than 5 %, from 13 on by less than 0.3 %."""
    z: float = _NORMAL.inv_cdf(chance)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    more: float = sum(term / degrees**power for power, term in enumerate(terms, start=1))
    return z + more
