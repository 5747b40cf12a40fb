"""Everything breaks while records flow, and no number changes: `./run chaos [--seed N] [--events N] [--kills N]`.

A plan is drawn from the seed: workers, broker and ClickHouse are killed, stopped, ended and scaled, a proxy between them delays, swallows,
resets and cuts, the disk of the workers' state is full, persons are erased, a version of a map is applied, transactions are aborted, and
among the records are poison, duplicates, late ones and merges. The same seed is the same plan and the same records. Producers keep a ledger
of what Kafka acknowledged; at the end each of these records has one fate, every view is that of an undisturbed run, and nobody saw more
than is true meanwhile. The timeline and a report are left in a folder.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.chaos.plan import plan_of
from tests.support.chaos.records import world_of
from tests.support.chaos.report import report, verdict_line
from tests.support.chaos.run import run
from tests.support.chaos.timeline import Timeline
from tests.support.chaos.verdict import wrongs_of

EVENTS = 20_000
KILLS = 20
SHOWN = 12


def check(seed: int, events: int, kills: int, brokers: int, out: Path, each: int | None) -> str:
    """What was found. Raises AssertionError for what is wrong; the folder has timeline, report and, then, the logs."""
    plan = plan_of(seed, kills, brokers)
    command = (
        f"./run chaos --seed {seed} --events {events} --kills {kills}{f' --brokers {brokers}' if brokers > 1 else ''}"
    )
    timeline = Timeline(out / "timeline.ndjson")
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        try:
            outcome = run(plan, world_of(seed, events, plan.groups), folder, timeline, brokers=brokers, each=each)
            wrong = wrongs_of(outcome.findings)
            (out / "report.md").write_text(report(outcome, wrong, command), encoding="utf-8")
        finally:
            timeline.close()
            for part in ("wild", "stack"):
                if (folder / part / "log").is_dir():
                    shutil.copytree(folder / part / "log", out / "log" / part, dirs_exist_ok=True)
    print(f"timeline, report and logs: {out}", flush=True)
    for fault in outcome.done.without_effect:
        print(f"without effect: {fault.text()}", flush=True)
    for one in wrong[:SHOWN]:
        print(f"wrong: {one.kind}: {one.text}", flush=True)
    if wrong:
        raise AssertionError(verdict_line(outcome, wrong))
    return verdict_line(outcome, wrong)


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("chaos", __doc__, command="")
    parser.add_argument("--events", type=int, default=EVENTS, help="versions of events (default %(default)s)")
    parser.add_argument("--kills", type=int, default=KILLS, help="processes that are killed (default %(default)s)")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="Kafka brokers (default %(default)s)")
    parser.add_argument("--each", type=int, help="ask so many questions of each view at most (default all)")
    parser.add_argument("--out", type=Path, help="folder of timeline and report (default .local/chaos/seed-N)")
    parser.add_argument("--plan", action="store_true", help="show the plan and do nothing")
    arguments = parser.parse_args()
    plan = plan_of(arguments.seed, arguments.kills, arguments.brokers)
    if arguments.plan:
        print("\n".join(f"{one.begins:4} to {one.ends:4}  {one.text()}" for one in plan.faults))
        return
    out = arguments.out or Path(".local") / "chaos" / f"seed-{arguments.seed}"
    end_with_verdict(
        lambda: check(
            arguments.seed, arguments.events, arguments.kills, arguments.brokers, out.resolve(), arguments.each
        )
    )


if __name__ == "__main__":
    main()
