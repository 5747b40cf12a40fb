"""Python's collector of garbage while many events are sent."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_OBJECTS_BETWEEN: Final = 10_000


@contextmanager
def rare_collections() -> Iterator[None]:
    """The collector looks less often than Python's own default has it: events are many objects, and hardly a cycle among them. It saves an
    eighth of what a row of an import costs, and more of a large request of the collector (docs/performance.md)."""
    before = gc.get_threshold()
    gc.set_threshold(max(_OBJECTS_BETWEEN, before[0]) if before[0] else 0, *before[1:])  # 0: switched off
    try:
        yield
    finally:
        gc.set_threshold(*before)
