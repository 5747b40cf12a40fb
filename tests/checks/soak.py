"""A worker at full rate for minutes: does its memory grow beyond the bounds of its caches?
`./run check soak [--seed N] [--minutes M] [--late PERCENT] [--linked PERCENT]`.

One sender floods a stack of its own, so that records always wait; some are repeated, some late. The number of persons is fixed and
the memory for ids small, so that the caches are full after the first third of the run, if that is a minute or more; what grows after that
is a leak. Resident memory is sampled once a second, without the mapped pages of the state's files, which the system takes back at need.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.checks.flood import BACKLOG_MAX, USUAL, Flood, Mix
from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.real_worker import RealWorker, ask, real_worker, stored_count
from touchline.local.stack import LocalStack

MINUTES = 15.0
PERSONS = 20_000
PARTITIONS = 4
ID_MEMORY_MB = 1
SAMPLE_SECONDS = 1.0
COUNT_EVERY = 5
CATCH_UP_SECONDS = 600.0
GROWTH_BYTES_MAX = (24 << 20) + PARTITIONS * ID_MEMORY_MB * (2 << 20)
"""Noise of the allocator and of batches of different sizes, and the ids' sets, which are made anew when they grow."""
ACCOUNT = "SELECT sum(received), min(is_balanced) FROM journey.account"


class Soaked(NamedTuple):
    """Memory without mapped pages in bytes, a sample a second; records stored; and how long that took."""

    samples: list[int]
    stored: int
    seconds: float

    @property
    def growth_bytes(self) -> int:
        """Median of the last third less that of the middle third: peaks of single batches do not count."""
        third = len(self.samples) // 3
        return int(median(self.samples[-third:]) - median(self.samples[third : 2 * third]))


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("soak", __doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"how long (default {MINUTES:.0f})")
    parser.add_argument(
        "--late", type=float, default=USUAL.late * 100, help="percent of events an hour late (default %(default)s)"
    )
    parser.add_argument(
        "--linked", type=float, default=0.0, help="percent of persons linked in pairs (default %(default)s)"
    )
    arguments = parser.parse_args()
    mix = Mix(arguments.late / 100, arguments.linked / 100)
    end_with_verdict(lambda: check(arguments.minutes * 60, arguments.seed, mix))


def check(seconds: float, seed: int, mix: Mix) -> str:
    """What was found. Raises AssertionError when memory grew, records are missing, or the worker complained."""
    with tempfile.TemporaryDirectory(prefix="touchline-soak-") as folder:
        soaked = soak(Path(folder), seconds, seed, mix=mix)
    highest = max(soaked.samples) >> 20
    found = (
        f"{soaked.stored:,} records in {soaked.seconds:.0f} s ({soaked.stored / soaked.seconds:,.0f} a second), "
        f"memory at most {highest} MiB, {soaked.growth_bytes / (1 << 20):+.1f} MiB from the second third to the last"
    )
    if soaked.growth_bytes > GROWTH_BYTES_MAX:
        raise AssertionError(f"memory grows: {found}")
    return found


def soak(folder: Path, seconds: float, seed: int, backlog_max: int = BACKLOG_MAX, mix: Mix = USUAL) -> Soaked:
    """Run one worker that long on a stack of its own, then let it catch up and compare its account with what was sent."""
    with LocalStack(folder / "stack", partitions=PARTITIONS) as stack:
        settings = stack.settings.with_changes(id_memory_mb=ID_MEMORY_MB)
        with real_worker(settings, folder) as worker:
            worker.wait_log("event=ready", 60)
            stored = 0
            flood = Flood(settings, seed, PERSONS, lambda: stored, backlog_max, mix)
            flood.start()
            began = time.monotonic()
            samples: list[int] = []
            try:
                while time.monotonic() < began + seconds and flood.error is None:
                    time.sleep(SAMPLE_SECONDS)
                    samples.append(worker.memory_bytes)
                    if len(samples) % COUNT_EVERY == 0:
                        stored = stored_count(settings)
                        _say(began, stored, samples)
                stored, taken = stored_count(settings), time.monotonic() - began
            finally:
                sent = flood.stop()
            worker.wait_stored(sent, CATCH_UP_SECONDS)
            _require_sound(worker, sent)
            return Soaked(samples, stored, taken)


def _require_sound(worker: RealWorker, sent: int) -> None:
    if ask(worker.settings, ACCOUNT) != [(sent, 1)]:
        raise AssertionError(f"{sent} records were sent, the account says {ask(worker.settings, ACCOUNT)}")
    for event in ("bug", "insert_fails", "store_waits", "batch_refused", "rejoining"):
        if f"event={event}" in worker.log:
            raise AssertionError(f"the worker's log says {event}")


def _say(began: float, stored: int, samples: list[int]) -> None:
    seconds = time.monotonic() - began
    print(f"{seconds:6.0f} s  {stored:>12,} stored  {samples[-1] >> 20:>5} MiB", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
