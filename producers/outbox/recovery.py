"""What is on disk counts: finds the end of the last segment, and cuts off what a killed writer left unfinished."""

from __future__ import annotations

import os
from pathlib import Path

from touchline.producers.outbox import wire
from touchline.producers.outbox.folder import damaged_path, segment_path, segment_starts, write_all
from touchline.producers.outbox.page import ACKNOWLEDGED, DAMAGED, END, TAIL, WRITING


def recover(folder: Path, page: memoryview, is_new: bool) -> None:
    """Make the page agree with the segments. The caller holds the append lock.

    A block that is not whole at the end of the last segment was never acknowledged to its emitter: it is cut off. If
    the page knows of more (power was lost, or the disk lost bytes), the cut bytes are kept aside and counted.
    """
    starts = segment_starts(folder)
    tail = starts[-1] if starts else page[END]
    path = segment_path(folder, tail)
    end = tail + (_cut_unfinished(folder, tail, path, page, is_new) if starts else 0)
    page[TAIL] = tail
    first = starts[0] if starts else tail
    acknowledged = first if is_new else page[ACKNOWLEDGED]
    page[ACKNOWLEDGED] = min(max(acknowledged, first), end)
    page[END] = end
    page[WRITING] = 0


def _cut_unfinished(folder: Path, tail: int, path: Path, page: memoryview, is_new: bool) -> int:
    content = path.read_bytes()
    good = 0
    for block in wire.whole_blocks(content):
        good = block.end
    missing = 0 if is_new else max(0, page[END] - (tail + good))
    if missing:
        page[DAMAGED] += missing
        keep_damaged(folder, tail + good, content[good:])
    if good < len(content):
        os.truncate(path, good)
    return good


def keep_damaged(folder: Path, position: int, content: bytes) -> None:
    """Keep bytes that had to be skipped, for whoever wants to look at them."""
    if not content:
        return
    descriptor = os.open(damaged_path(folder, position), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)
