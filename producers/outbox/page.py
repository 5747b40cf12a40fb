"""Numbers that all processes of an outbox share: one page of memory, kept in a file.

It outlives processes, not a loss of power; and it is only a cache: what it says is checked against the segments.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = 4096
_MAGIC: Final = 0x31_58_4F_42_54_55_4F  # "OUTBOX1"

TAIL: Final = 1
"""Position where the segment begins that is being written."""
END: Final = 2
"""Position after the last block."""
ACKNOWLEDGED: Final = 3
"""Everything before this position is in Kafka, or aside."""
ASIDE: Final = 4
"""Events that Kafka refused for good."""
DAMAGED: Final = 5
"""Bytes that were skipped because they no longer were what had been written."""

WRITING: Final = 6
"""Not 0 while a writer that holds the append lock writes: who finds it so has to look what a killed one left."""


def open_page(path: Path) -> tuple[memoryview, bool]:
    """The numbers by index (64 bits each), and whether they are new or unusable and so are all zero."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_size < _PAGE_BYTES:
            # Written, not only made longer: a page without room on a full disk would end the process when touched.
            os.pwrite(descriptor, bytes(_PAGE_BYTES), 0)
        numbers = memoryview(mmap.mmap(descriptor, _PAGE_BYTES)).cast("Q")
    finally:
        os.close(descriptor)
    is_new = numbers[0] != _MAGIC
    if is_new:
        for index in range(len(numbers)):
            numbers[index] = 0
        numbers[0] = _MAGIC
    return numbers, is_new
