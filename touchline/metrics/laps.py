"""Seconds by step: a stopwatch that is read at the end of each."""

from __future__ import annotations

from collections import defaultdict
from time import perf_counter


class Laps:
    """Time since the last lap goes to the step that is named. A step may have many laps."""

    __slots__ = ("_at", "seconds")

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._at = perf_counter()

    def lap(self, step: str) -> float:
        """End a lap of this step; returns its seconds."""
        now = perf_counter()
        taken, self._at = now - self._at, now
        self.seconds[step] += taken
        return taken

    def add(self, step: str, seconds: float) -> None:
        """So much of a step that others took part in. The next lap begins now; what passed since the last one is nobody's."""
        self._at = perf_counter()
        self.seconds[step] += seconds

    @property
    def total_seconds(self) -> float:
        """Of all steps."""
        return sum(self.seconds.values())
