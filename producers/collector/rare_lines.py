"""When to say what comes again and again: at the first time, and then with a count, at most so often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable


class RareLines:
    """Counts by key, and by key the time at which the next line may be said."""

    def __init__(self, every_seconds: float, clock_s: Callable[[], float]) -> None:
        self._every_seconds = every_seconds
        self._clock_s = clock_s
        self._counts: Counter[str] = Counter()
        self._again_s: dict[str, float] = {}

    def count(self, key: str, more: int) -> int:
        """Add to the count; how many came since the last line where one is to be said now, else 0."""
        if not more:
            return 0
        self._counts[key] += more
        now_s = self._clock_s()
        if now_s < self._again_s.get(key, now_s):
            return 0
        self._again_s[key] = now_s + self._every_seconds
        return self._counts.pop(key)
