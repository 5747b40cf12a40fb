"""A short form of `./run check soak`: the flood is stored soundly, within the memory that caches and batches may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.flood import Mix
from tests.checks.soak import soak

SECONDS = 7.0
BACKLOG_MAX = 10_000
MEMORY_BYTES_MAX = 400 << 20
"""Python with its packages 90 MiB, batches in flight 180 (docs/decisions/0040), caches of 20,000 persons."""


@pytest.mark.timeout(240)
def test_flooded_worker_stores_everything_within_bounded_memory(tmp_path: Path) -> None:
    soaked = soak(tmp_path, SECONDS, seed=3, backlog_max=BACKLOG_MAX, mix=Mix(late=0.1, linked=0.05))
    assert soaked.stored > 0
    assert max(soaked.samples) < MEMORY_BYTES_MAX
