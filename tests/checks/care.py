"""Cases are a function of the facts, whatever fails: `./run check care [--seed N] [--runs N] [--jobs N]`.

The product's desk, store and queues run over a ledger in memory (tests/support/care_world.py): facts in any order and batch, duplicates,
corrections, retractions, merges; kills before and after each effect; sinks that fail; lost folders. In the end each wanted case
stands, by exactly one event that opened it, and every sink was told of all that the ledger says. Then each step that keeps it exact is
removed in turn, and some schedule must find it.
"""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.care_breaks import BREAKS
from tests.support.care_schedule import run_schedule
from tests.support.care_world import Process

RUNS = 10_000
BREAK_RUNS = 400
CHUNK = 50
SEEDS_APART = 1_000_003
SHOWN = 10
_Found = tuple[Counter[str], list[str]]


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("care", __doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"schedules (default {RUNS:,})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    arguments = parser.parse_args()
    end_with_verdict(lambda: check(arguments.seed, arguments.runs, arguments.jobs))


def check(seed: int, runs: int, jobs: int) -> str:
    """What was found to be true. Raises AssertionError for a schedule that finds something, and for a removed step that none finds."""
    first = seed * SEEDS_APART
    chunks = [range(first + start, first + min(start + CHUNK, runs)) for start in range(0, runs, CHUNK)]
    counts: Counter[str] = Counter()
    found: list[str] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for some, problems in pool.map(run_many, chunks):
            counts += some
            found += problems
        for one in found[:SHOWN]:
            print(one, flush=True)
        if found:
            raise AssertionError(f"{len(found)} of {runs:,} schedules show a violation")
        print(f"without a violation: {counts}", flush=True)
        broken = range(first, first + BREAK_RUNS)
        missed = [
            name
            for name, is_found in zip(BREAKS, pool.map(partial(finds, broken), BREAKS), strict=True)
            if not is_found
        ]
    if missed:
        raise AssertionError(f"nothing finds that a step is removed: {', '.join(missed)}")
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return f"{runs:,} schedules ({told}) without a violation, {len(BREAKS)} removed steps found"


def run_many(seeds: range, process_type: type[Process] = Process) -> _Found:
    """Counts of these schedules, and what was wrong."""
    counts: Counter[str] = Counter()
    found = []
    for seed in seeds:
        outcome = run_schedule(seed, process_type)
        counts += Counter(cases=outcome.cases, changes=outcome.changes, kills=outcome.kills, losses=outcome.losses)
        if outcome.problems:
            found.append(f"schedule {seed}: {'; '.join(outcome.problems)}")
    return counts, found


def finds(seeds: range, name: str) -> bool:
    """Whether some of these schedules finds that the step is removed."""
    return any(_is_found(seed, BREAKS[name]) for seed in seeds)


def _is_found(seed: int, process_type: type[Process]) -> bool:
    try:
        return bool(run_schedule(seed, process_type).problems)
    except AssertionError:
        return True


if __name__ == "__main__":
    main()
