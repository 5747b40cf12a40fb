"""How many rounds a benchmark takes: all that are wanted, unless the machine is too busy for them; and what is told of ratios."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Sequence


def rounds_within(count: int, budget_seconds: float) -> Iterator[int]:
    """Numbers of rounds from 0. After the first one none begins that, as long as those before it, would end beyond the budget."""
    began = time.monotonic()
    for number in range(count):
        if number and (time.monotonic() - began) * (1 + 1 / number) > budget_seconds:
            print(f"no time for round {number + 1}: the machine is busy", file=sys.stderr)
            return
        yield number


def spread(name: str, ratios: Sequence[float]) -> dict[str, object]:
    """The median of the rounds' ratios, the lowest and the highest."""
    found = {"": statistics.median(ratios), "_min": min(ratios), "_max": max(ratios)}
    return {f"{name}{which}": round(ratio, 2) for which, ratio in found.items()}
