"""The reading end of an outbox: blocks in order, from a position to the end that the writers have published."""

from __future__ import annotations

import logging
import os
from bisect import bisect_right
from pathlib import Path
from typing import Final

from touchline.producers.outbox import wire
from touchline.producers.outbox.folder import segment_path, segment_starts
from touchline.producers.outbox.page import ACKNOWLEDGED, DAMAGED, END
from touchline.producers.outbox.recovery import keep_damaged
from touchline.producers.outbox.wire import Records

log = logging.getLogger(__name__)

READ_BYTES: Final = 1 << 20


class OutboxReader:
    """For the one process that drains."""

    def __init__(self, folder: Path, page: memoryview) -> None:
        self._folder = folder
        self._page = page
        self._starts = segment_starts(folder)
        self._file = -1
        self._open_start = -1
        self.position: int = page[ACKNOWLEDGED]
        """Where the next read begins."""

    @property
    def is_at_end(self) -> bool:
        """Whether all that was written has been read."""
        return bool(self.position >= self._page[END])

    def read(self, partitions: int) -> Records | None:
        """The next records, those of whole blocks; None at the end.

        Bytes that are no longer what was written are skipped, kept aside and counted.
        """
        while not self.is_at_end:
            start, stop = self._segment_at(self.position)
            found = wire.read_records(self._bytes(start, stop), self.position, partitions)
            if found.shares:
                self.position = found.end
                return found
            self._skip_damage(start, stop)
        return None

    def forget_read_segments(self) -> None:
        """Delete the segments of which everything is acknowledged; never the last."""
        acknowledged = self._page[ACKNOWLEDGED]
        while len(self._starts) > 1 and self._starts[1] <= acknowledged:
            segment_path(self._folder, self._starts[0]).unlink(missing_ok=True)
            del self._starts[0]

    def close(self) -> None:
        """Close the segment."""
        if self._file >= 0:
            os.close(self._file)
            self._file = self._open_start = -1

    def _segment_at(self, position: int) -> tuple[int, int]:
        """Positions of the first byte and after the last byte of the segment that holds a position before the end."""
        index = bisect_right(self._starts, position)
        end = self._page[END]  # before the look: a segment that is begun afterwards lies beyond it
        if index == len(self._starts):  # it was the last one when we looked
            self._starts = segment_starts(self._folder)
            index = bisect_right(self._starts, position)
        stop = self._starts[index] if index < len(self._starts) else end
        return self._starts[index - 1], stop

    def _bytes(self, start: int, stop: int) -> bytes:
        """At least one block, where there is one."""
        if self._open_start != start:
            self.close()
            self._file = os.open(segment_path(self._folder, start), os.O_RDONLY | os.O_CLOEXEC)
            self._open_start = start
        there = stop - self.position
        content = os.pread(self._file, min(READ_BYTES, there), self.position - start)
        wanted = wire.bytes_wanted(content)
        if len(content) < wanted <= there:
            content = os.pread(self._file, wanted, self.position - start)
        return content

    def _skip_damage(self, start: int, stop: int) -> None:
        log.error(
            "the outbox %s is damaged at position %d: %d bytes are skipped and kept beside it",
            self._folder,
            self.position,
            stop - self.position,
        )
        keep_damaged(self._folder, self.position, os.pread(self._file, stop - self.position, self.position - start))
        self._page[DAMAGED] += stop - self.position
        self.position = stop
