"""When to poll next: what Faust is told it never read, and how polls are spaced while little arrives."""

from __future__ import annotations

from time import monotonic

from faust.types import TP

SMALL_POLL_RECORDS = 2_000
"""A poll that returned less has drained the partition: the next one waits, for the sake of larger inserts."""
POLL_INTERVAL_SECONDS_PER_PARTITION = 0.1
POLL_INTERVAL_MAX_SECONDS = 1.0


class NoReadOffsets(dict[TP, None]):
    """Faust drops a record below the offset it last read, hence also what a seek back reads again. It is never told."""

    def __getitem__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: object) -> None:
        pass

    def update(self, *args: object, **kwargs: object) -> None:
        pass


class PollPacing:
    """Spaces polls while little arrives (0.1 s per partition, 1 s at most): inserts cost, not rows."""

    def __init__(self) -> None:
        self._next_poll_at = 0.0

    @property
    def pause_seconds(self) -> float:
        """How long to wait before the next poll."""
        return max(0.0, self._next_poll_at - monotonic())

    def polled(self, record_count: int, partition_count: int) -> None:
        """A poll of so many partitions brought so many records."""
        if 0 < record_count < SMALL_POLL_RECORDS:
            interval = POLL_INTERVAL_SECONDS_PER_PARTITION * partition_count
            self._next_poll_at = monotonic() + min(interval, POLL_INTERVAL_MAX_SECONDS)
