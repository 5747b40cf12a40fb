"""Whatever comes late, twice, revised or under other keys, and whoever dies: `./run check invariance --seed N`.

The same records go through real Kafka and ClickHouse twice: sorted, with one worker and no fault; and as the world sends them, with two
workers that are killed, a version of a map applied on the way, and a reader who looks all the time. At rest every view is the same, row for
row, and the reader never saw a number above the truth nor anything twice.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.invariance.ledgers import tell
from tests.support.invariance.run import LONG, SHORT, both_runs, differing

SHOWN = 12


def check(seed: int, versions: int | None, *, is_short: bool) -> str:
    """What was found to be the same. Raises AssertionError for what differs."""
    shape = SHORT if is_short else LONG
    if versions is not None:
        shape = shape._replace(versions=versions)
    with (
        tempfile.TemporaryDirectory(prefix="invariance-") as folder,
        both_runs(seed, shape, Path(folder)) as runs,
    ):
        questions, differences = differing(runs.calm, runs.wild, seed)
        tell(f"{len(questions)} questions compared, {len(differences)} differ")
    for text in runs.wrong[:SHOWN]:
        print(f"seen: {text}", flush=True)
    for one in differences[:SHOWN]:
        print(f"differs: {one.text()}", flush=True)
    if runs.wrong:
        raise AssertionError(f"what is not true was seen {len(runs.wrong)} times, first: {runs.wrong[0]}")
    if differences:
        raise AssertionError(
            f"{len(differences)} of {len(questions)} questions have two answers, {differences[0].view}"
        )
    views = len({one.view for one in questions})
    return (
        f"{runs.records:,} records, {runs.kills} kills: {views} views in {len(questions)} questions are the same, and "
        f"{runs.reader.looks} looks meanwhile saw nothing above the truth"
    )


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("invariance", __doc__)
    parser.add_argument("--events", type=int, help=f"versions of events (default {LONG.versions:,})")
    parser.add_argument("--short", action="store_true", help="the form of the tests, a minute or two")
    arguments = parser.parse_args()
    end_with_verdict(lambda: check(arguments.seed, arguments.events, is_short=arguments.short))


if __name__ == "__main__":
    main()
