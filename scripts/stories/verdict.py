"""What can be said of a measure that nobody drew lots over: its difference less that of what it did not touch, with an interval.

    after - before, where the measure was  -  after - before, where it was not  =  difference in differences

Intervals of differences come from those of their parts (MOVER, Zou and Donner 2008), as everywhere in the views. Rates of counts are
compared as logarithms. Pure. The wording never says more than "consistent with".
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple, Self

_Z: Final = 1.959963984540054


class Estimate(NamedTuple):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    def minus(self, other: Estimate) -> Self:
        """The difference of two that do not depend on each other."""
        value = self.value - other.value
        low = value - math.hypot(self.value - self.low, other.high - other.value)
        high = value + math.hypot(self.high - self.value, other.value - other.low)
        return type(self)(value, low, high)

    def times(self, factor: float) -> Self:
        """In other units; `factor` is above 0."""
        return type(self)(*(factor * one for one in self))


def difference_in_differences(
    before: Estimate, after: Estimate, control_before: Estimate, control_after: Estimate
) -> Estimate:
    """How much more the measured value changed than the control did."""
    return after.minus(before).minus(control_after.minus(control_before))


def lift(before: int, after: int, control_before: int, control_after: int) -> Estimate:
    """By what factor a count rose more than that of the control did. Counts are taken as those of a Poisson process, and are above 0."""
    value = (after / before) / (control_after / control_before)
    spread = math.exp(_Z * math.sqrt(sum(1 / count for count in (before, after, control_before, control_after))))
    return Estimate(value, value / spread, value * spread)


def in_words(effect: Estimate, nothing: float = 0.0) -> str:
    """What the interval allows to say. `nothing` is the value of no effect: 0 of a difference, 1 of a factor."""
    if effect.low > nothing:
        return "consistent with an improvement by the measure; observed, not tried"
    if effect.high < nothing:
        return "consistent with a change for the worse by the measure; observed, not tried"
    return "consistent with no effect; observed, not tried"


def cost_per_point(cost: float, effect: Estimate) -> float | None:
    """Cost of each point gained; None where the interval does not leave out that none was."""
    return cost / effect.value if effect.low > 0 else None
