"""Which time a record carries: that of the sender's clock, or none while Kafka refuses it.

A broker refuses records that are stamped more than an hour ahead of its own clock (`message.timestamp.after.max.ms`). A clock that runs
ahead must not cost events, and nothing needs that stamp: the event says when it happened and when it was received. So such records go
again without a stamp, which Kafka takes, and the error of the clock is told.

Why: docs/decisions/0070.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

NO_TIME_MS: Final = -1
"""What a record without a time stamp carries."""
TRY_AGAIN_SECONDS: Final = 60.0
"""So long after a refusal the clock is not used; then it may have been set."""

_REFUSED: Final = re.compile(r"Timestamp (-?\d+) of message .* should be within \[(-?\d+), (-?\d+)\]")
"""How every broker since 0.10 says it: the stamp, the earliest and the latest one that it takes, in milliseconds."""
_ANY_AGE_MS: Final = (1 << 63) - 1
"""The usual bound on old stamps: the earliest one is then the broker's time less this."""


class SenderClock:
    """Threads may share one; it learns from the errors of one topic's records."""

    def __init__(self, clock_us: Callable[[], int], steady_s: Callable[[], float] = time.monotonic) -> None:
        """`clock_us` is the clock in question, in microseconds since the epoch; `steady_s` is one that nobody sets."""
        self._clock_us = clock_us
        self._steady_s = steady_s
        self._refused_s: float | None = None
        self._ahead_seconds = 0.0

    def stamp_ms(self) -> int:
        """What a record carries that is sent now."""
        if self._refused_s is not None and self._is_refused:
            return NO_TIME_MS
        return self._clock_us() // 1_000

    @property
    def _is_refused(self) -> bool:
        return self._refused_s is not None and self._steady_s() - self._refused_s < TRY_AGAIN_SECONDS

    @property
    def ahead_seconds(self) -> float | None:
        """How far this machine's clock is ahead of Kafka's, or behind it where negative (at least, where the broker bounds the age of
        records, too); None while Kafka takes its time."""
        is_known = self._refused_s is not None and self._steady_s() - self._refused_s < 2 * TRY_AGAIN_SECONDS
        return self._ahead_seconds if is_known else None

    def learn(self, error: BaseException) -> bool:
        """Whether Kafka refused a record only for this clock: then it goes again, without a time stamp."""
        said = _REFUSED.search(str(error))
        if self._is_refused or not (said or type(error).__name__ == "InvalidTimestampError"):
            return False
        if said:
            stamp, earliest, latest = map(int, said.groups())
            bound = latest if stamp > latest else earliest
            kafka_now = earliest + _ANY_AGE_MS if earliest < -(_ANY_AGE_MS >> 1) else bound
            self._ahead_seconds = (stamp - kafka_now) / 1_000
        self._refused_s = self._steady_s()
        return True
