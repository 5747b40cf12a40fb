"""How many rounds a benchmark takes: all that are wanted, unless the machine is too busy for them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator


def rounds_within(count: int, budget_seconds: float) -> Iterator[int]:
    """Numbers of rounds from 0. After the first one none begins that, as long as those before it, would end beyond the budget."""
    began = time.monotonic()
    for number in range(count):
        if number and (time.monotonic() - began) * (1 + 1 / number) > budget_seconds:
            print(f"no time for round {number + 1}: the machine is busy", file=sys.stderr)
            return
        yield number
