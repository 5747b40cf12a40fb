"""Nobody is asked beyond the rules, whatever happens: `./run check asking --runs N`.

Deterministic schedules over the product's own decisions (tests/support/asking): persons, events and consents in any order and more than
once, asks that are sent, seen, answered, dismissed or run out. An oracle that knows each fatigue rule by its words looks at every window of
what really happened; a yes without consent, two decisions on the same facts that differ, and a share of draws outside of its binomial
interval are found, too. Then each safety step is removed in turn, and some schedule must find it.
"""

from __future__ import annotations

import math
import os
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.asking.breaks import BREAKS, broken
from tests.support.asking.schedule import run_schedule

CHUNK = 250
SEEDS_APART = 1_000_003
SHOWN = 10
DEVIATIONS = 4.5
"""A share of draws further from its probability than that has another reason than chance."""


class Outcome(NamedTuple):
    """What some schedules show."""

    found: list[tuple[int, str]]
    reasons: Counter[str]
    draws: dict[float, tuple[int, int]]
    """Probability -> (drawn, of so many)."""


def outcome_of(seeds: range, break_name: str = "") -> Outcome:
    """In a process of its own."""
    found: list[tuple[int, str]] = []
    reasons: Counter[str] = Counter()
    draws: defaultdict[float, list[int]] = defaultdict(lambda: [0, 0])
    with broken(break_name):
        for seed in seeds:
            one = run_schedule(seed)
            found += [(seed, what) for what in one.violations[:1]]
            reasons += one.reasons
            for probability, is_drawn in one.draws:
                draws[probability][0] += is_drawn
                draws[probability][1] += 1
            if break_name and found:
                break
    return Outcome(found, reasons, {probability: (some[0], some[1]) for probability, some in draws.items()})


def check(seed: int, runs: int, jobs: int, break_runs: int) -> str:
    """What was found to be true. Raises AssertionError for a schedule that finds something, and for a removed step that none finds."""
    first = seed * SEEDS_APART
    chunks = [range(first + start, first + min(start + CHUNK, runs)) for start in range(0, runs, CHUNK)]
    reasons: Counter[str] = Counter()
    draws: defaultdict[float, list[int]] = defaultdict(lambda: [0, 0])
    found: list[tuple[int, str]] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for outcome in pool.map(outcome_of, chunks):
            found += outcome.found
            reasons += outcome.reasons
            for probability, (drawn, count) in outcome.draws.items():
                draws[probability][0] += drawn
                draws[probability][1] += count
        for schedule, what in found[:SHOWN]:
            print(f"schedule {schedule}: {what}", flush=True)
        if found:
            raise AssertionError(
                f"{len(found)} of {runs} schedules show a violation; --one {found[0][0]} replays the first"
            )
        print(", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items())), flush=True)
        _require_shares(draws)
        missed = []
        asked = {name: pool.submit(outcome_of, range(first, first + break_runs), name) for name in BREAKS}
        for name, future in asked.items():
            told = future.result().found
            print(f"  {name:24} {f'found: {told[0][1]} ({told[0][0]})' if told else 'not found'}", flush=True)
            missed += [] if told else [name]
    if missed:
        raise AssertionError(f"nothing finds that a step is removed: {', '.join(missed)}")
    return f"{runs:,} schedules without a violation, {reasons.total():,} decisions, {len(BREAKS)} removed steps found"


def _require_shares(draws: dict[float, list[int]]) -> None:
    for probability, (drawn, count) in sorted(draws.items()):
        deviation = math.sqrt(count * probability * (1 - probability))
        print(f"  drawn with {probability:g}: {drawn:,} of {count:,}", flush=True)
        if abs(drawn - count * probability) > DEVIATIONS * deviation:
            raise AssertionError(f"{drawn} of {count} are no draws with {probability:g}")


def replay(schedule: int) -> str:
    """One schedule alone."""
    outcome = outcome_of(range(schedule, schedule + 1))
    if outcome.found:
        raise AssertionError(outcome.found[0][1])
    return f"schedule {schedule} shows no violation"


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("asking", __doc__)
    parser.add_argument("--runs", type=int, default=20_000, help="schedules (default %(default)s)")
    parser.add_argument(
        "--break-runs", type=int, default=2_000, help="at most so many for each removed step (default %(default)s)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="processes (default %(default)s)")
    parser.add_argument("--one", type=int, metavar="SCHEDULE", help="replay one schedule")
    arguments = parser.parse_args()
    if arguments.one is not None:
        end_with_verdict(lambda: replay(arguments.one))
    end_with_verdict(lambda: check(arguments.seed, arguments.runs, arguments.jobs, arguments.break_runs))


if __name__ == "__main__":
    main()
