"""Thousands of schedules in which customers are invited: whatever is killed, fails, comes late, twice or is taken back.

Everything that decides, remembers, sends and ends is the product's; ledger, Kafka and sinks are a world that fails as they do. Judged is
what came to the sinks, by an oracle that knows rules by their words. Then each safety step is removed in turn, and some schedule must find
it.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.inviting.breaks import BREAKS, broken
from tests.support.inviting.schedule import run_schedule

CHUNK = 100
SEEDS_APART = 1_000_003
SHOWN = 10


class Outcome(NamedTuple):
    """What some schedules show."""

    found: list[tuple[int, str]]
    counts: Counter[str]


def outcome_of(seeds: range, break_name: str = "") -> Outcome:
    """In a process of its own."""
    logging.disable(logging.CRITICAL)  # failures are the point
    found: list[tuple[int, str]] = []
    counts: Counter[str] = Counter()
    with broken(break_name):
        for seed in seeds:
            one = run_schedule(seed)
            found += [(seed, what) for what in one.violations[:1]]
            counts += one.counts
            if break_name and found:
                break
    return Outcome(found, counts)


def check(seed: int, runs: int, jobs: int, break_runs: int) -> str:
    """What was found to be true. Raises AssertionError for a schedule that finds something, and for a removed step that none finds."""
    first = seed * SEEDS_APART
    chunks = [range(first + start, first + min(start + CHUNK, runs)) for start in range(0, runs, CHUNK)]
    found: list[tuple[int, str]] = []
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for outcome in pool.map(outcome_of, chunks):
            found += outcome.found
            counts += outcome.counts
        for schedule, what in found[:SHOWN]:
            print(f"schedule {schedule}: {what}", flush=True)
        if found:
            raise AssertionError(
                f"{len(found)} of {runs} schedules show a violation; --one {found[0][0]} replays the first"
            )
        print(", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())), flush=True)
        missed = []
        asked = {name: pool.submit(outcome_of, range(first, first + break_runs), name) for name in BREAKS}
        for name, future in asked.items():
            told = future.result().found
            print(f"  {name:32} {f'found: {told[0][1]} ({told[0][0]})' if told else 'not found'}", flush=True)
            missed += [] if told else [name]
    if missed:
        raise AssertionError(f"nothing finds that a step is removed: {', '.join(missed)}")
    return (
        f"{runs:,} schedules with {counts['kills']:,} kills and {counts['sent']:,} invitations without a violation, "
        f"{len(BREAKS)} removed steps found"
    )


def replay(schedule: int) -> str:
    """One schedule alone."""
    outcome = outcome_of(range(schedule, schedule + 1))
    if outcome.found:
        raise AssertionError(outcome.found[0][1])
    return f"schedule {schedule} shows no violation"


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("invitations", __doc__)
    parser.add_argument("--runs", type=int, default=10_000, help="schedules (default %(default)s)")
    parser.add_argument(
        "--break-runs", type=int, default=10_000, help="at most so many for each removed step (default %(default)s)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="processes (default %(default)s)")
    parser.add_argument("--one", type=int, metavar="SCHEDULE", help="replay one schedule")
    arguments = parser.parse_args()
    if arguments.one is not None:
        end_with_verdict(lambda: replay(arguments.one))
    end_with_verdict(lambda: check(arguments.seed, arguments.runs, arguments.jobs, arguments.break_runs))


if __name__ == "__main__":
    main()
