"""Every number that stands in two places has one value: `./run check contradictions --seed N`.

Generated selections over the demo's web shop with its simulated answers, and over a shop with a touchpoint in two stages; the pairs of
places stand in tests/support/contradictions/pairs.py.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.contradictions.ledger import two_stage_engine
from tests.support.contradictions.pairs import PAIRS, Pair, compared
from tests.support.contradictions.selecting import selections
from tests.support.contradictions.world import world_of
from tests.support.demo_ledger import demo_engine

SHOWN = 40


def check(seed: int, count: int, only: str | None = None) -> str:
    """What was compared. Raises AssertionError for a number with two values, and for a pair that compared nothing."""
    found: list[str] = []
    numbers: Counter[Pair] = Counter()
    asked = 0
    for name, engine in (("shop", partial(two_stage_engine, seed=seed)), ("demo", demo_engine)):
        if only not in (None, name):
            continue
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="contradictions-")))
            world = stack.enter_context(world_of(stack.enter_context(engine(folder)), folder))
            for chosen in selections(world.known_maps(), seed, count):
                here = [*compared(world, chosen)]
                numbers.update({one.pair: one.numbers for one in here})
                differing = [one.text() for pair in here for one in pair.differences]
                found += differing
                asked += 1
                print(f"{name}: {len(differing)} differ: {chosen.name()}", file=sys.stderr, flush=True)
    for text in found[:SHOWN]:
        print(f"differs: {text}", flush=True)
    if found:
        raise AssertionError(f"{len(found)} numbers have two values, {found[0]}")
    if only is None and (idle := [f"{pair.number} ({pair.where})" for pair in PAIRS if not numbers[pair]]):
        raise AssertionError(f"nothing was compared of {'; '.join(idle)}")
    return f"{numbers.total():,} numbers of {len(PAIRS)} pairs of places are the same in {asked} selections"


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("contradictions", __doc__)
    parser.add_argument("--only", choices=("shop", "demo"), help="one ledger alone")
    parser.add_argument("--count", type=int, default=20, help="random selections a ledger (default %(default)s)")
    arguments = parser.parse_args()
    end_with_verdict(lambda: check(arguments.seed, arguments.count, arguments.only))


if __name__ == "__main__":
    main()
