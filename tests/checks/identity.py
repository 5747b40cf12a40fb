"""One customer, one event, one map, whatever fails: `./run check identity --seed N`.

Deterministic schedules of workers, store and faults over the worker's own code (tests/support/identity_world): hand-overs, zombies, crashes
between any two calls of the ledger, inserts that land late, links, un-links, revisions under other keys, changes of the map. After every
insert a reader's view is checked, and at the end all tables are compared with one pass over the sorted events. Then each safety step is
removed in turn, and some schedule must find it.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from statistics import fmean

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.identity_world.breaks import BREAKS, broken
from tests.support.identity_world.run import absences_of, outcome_of, run_one
from tests.support.identity_world.scenes import SCENES

CHUNK = 100
ABSENCE_CHUNKS = 20
ABSENT_MAX = 2
"""Ticks for which an event may be absent while its person merges or its version changes partition, and nothing fails."""
SEEDS_APART = 1_000_003
SCENE_SHARE = 100
"""Of each scene so many times fewer schedules than of plans at random."""
SHOWN = 10


def check(seed: int, schedules: int, jobs: int, break_schedules: int) -> str:
    """What was found to be true. Raises AssertionError for a schedule that finds something, and for a removed step that none finds."""
    first = seed * SEEDS_APART
    chunks = [range(first + start, first + min(start + CHUNK, schedules)) for start in range(0, schedules, CHUNK)]
    counts: Counter[str] = Counter()
    found: list[tuple[int, str]] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        of_consents = pool.map(partial(outcome_of, focus="consent"), chunks[: max(1, len(chunks) // 4)])
        for number, outcome in enumerate(chain(pool.map(outcome_of, chunks), of_consents), start=1):
            counts += outcome.counts
            found += outcome.found
            if number % 10 == 0:
                print(
                    f"{counts['schedules']:>8,} schedules, {len(found)} with a violation", file=sys.stderr, flush=True
                )
        for schedule, what in found[:SHOWN]:
            print(f"schedule {schedule}: {what}", flush=True)
        if found:
            raise AssertionError(
                f"{len(found)} of {counts['schedules']} schedules show a violation; --one {found[0][0]} replays the first"
            )
        counts += _scenes(pool, first, schedules // SCENE_SHARE)
        gone = sorted(chain.from_iterable(pool.map(absences_of, chunks[:ABSENCE_CHUNKS])))
        print(f"{len(gone):,} events came back after {fmean(gone):.2f} ticks, at most {gone[-1]:.2f}", flush=True)
        if round(gone[-1], 6) > ABSENT_MAX:
            raise AssertionError(f"an event was absent for {gone[-1]:.2f} ticks")
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        print(f"without a violation: {told}", flush=True)
        missed = _missed(pool, first, break_schedules)
    if missed:
        raise AssertionError(f"nothing finds that a step is removed: {', '.join(missed)}")
    return f"{counts['schedules']:,} schedules without a violation, {len(BREAKS)} removed steps found"


def _scenes(pool: ProcessPoolExecutor, first: int, schedules: int) -> Counter[str]:
    """What happened in so many schedules of each scene. Raises AssertionError for one that finds something."""
    counts: Counter[str] = Counter()
    asked = [(name, pool.submit(outcome_of, range(first, first + schedules), "", name)) for name in SCENES]
    for name, future in asked:
        outcome = future.result()
        counts += outcome.counts
        if outcome.found:
            schedule, what = outcome.found[0]
            raise AssertionError(f"scene {name}: {what}; --scene {name} --one {schedule} replays it")
    return counts


def _missed(pool: ProcessPoolExecutor, first: int, schedules: int) -> list[str]:
    """The removals that nothing finds."""
    missed = []
    asked = [(name, pool.submit(outcome_of, range(first, first + schedules), name)) for name in BREAKS]
    for name, future in asked:
        found, count = future.result().found, future.result().counts["schedules"]
        if found:
            schedule, what = found[0]
            print(f"  {name:24} found after {count:5} schedules: {what} ({schedule})", flush=True)
        else:
            missed.append(name)
            print(f"  {name:24} not found in {count} schedules", flush=True)
    return missed


def check_break(name: str, seed: int, schedules: int) -> str:
    """That a removed step is found."""
    begin = seed * SEEDS_APART
    outcome = outcome_of(range(begin, begin + schedules), name)
    if not outcome.found:
        raise AssertionError(f"{name} is not found in {schedules} schedules")
    return (
        f"{name} is found after {outcome.counts['schedules']} schedules: {outcome.found[0][1]} ({outcome.found[0][0]})"
    )


def replay(schedule: int, break_name: str, scene: str) -> str:
    """One schedule with all its steps."""
    trace: list[str] = []
    with broken(break_name):
        found = run_one(schedule, Counter(), trace, break_name, scene)
    print("\n".join(trace), flush=True)
    if found:
        raise AssertionError(found)
    return f"schedule {schedule} shows no violation"


def main() -> None:
    """Run the check; its last line is the verdict."""
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of texts are walked in one order
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.checks.identity", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    parser = check_parser("identity", __doc__)
    parser.add_argument("--schedules", type=int, default=20_000, help="how many (default %(default)s)")
    parser.add_argument(
        "--break-schedules", type=int, default=1_000, help="at most so many for each removed step (default %(default)s)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="processes (default %(default)s)")
    parser.add_argument("--one", type=int, metavar="SCHEDULE", help="replay one schedule and print its steps")
    parser.add_argument(
        "--scene",
        default="",
        choices=["", "consent", *SCENES],
        metavar="NAME",
        help="with --one: of this scene, or of people who withdraw a consent",
    )
    parser.add_argument(
        "--break", dest="break_name", default="", choices=["", *BREAKS], metavar="NAME", help="remove this step"
    )
    arguments = parser.parse_args()
    if arguments.one is not None:
        end_with_verdict(lambda: replay(arguments.one, arguments.break_name, arguments.scene))
    if arguments.break_name:
        end_with_verdict(lambda: check_break(arguments.break_name, arguments.seed, arguments.break_schedules))
    end_with_verdict(lambda: check(arguments.seed, arguments.schedules, arguments.jobs, arguments.break_schedules))


if __name__ == "__main__":
    main()
