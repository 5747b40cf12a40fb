"""The two runs: undisturbed, and amid the faults of a plan; and everything that the verdict rests on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.chaos.erasing import Erasing
from tests.support.chaos.faults import Done, Faults
from tests.support.chaos.kept import bugs_of, read_fates, read_topic, unclean
from tests.support.chaos.plan import MOST_WORKERS, Plan
from tests.support.chaos.records import PARTITIONS, Item, Of, World
from tests.support.chaos.sender import Sender, Sent
from tests.support.chaos.stage import Stage, proxied_stack, staged
from tests.support.chaos.timeline import Timeline
from tests.support.chaos.verdict import LAG_SECONDS_MAX, Findings
from tests.support.chaos.watch import Looking, Sampling
from tests.support.engines import Ledger
from tests.support.invariance.ledgers import NotAtRest, migrated, wait_for_rest, workers
from tests.support.invariance.reader import Truth
from tests.support.invariance.run import MAPS, apply, differing, new_version, untrue
from touchline.kafka.offsets import lag
from touchline.local.process import Part
from touchline.local.stack import LocalStack
from touchline.schemas.journey.model import JourneyMap

REST_SECONDS: Final = 420.0
ERASED_SECONDS: Final = 240.0
BACKLOG_STEPS: Final = 6
BACKLOG_LEAST: Final = 2_000
"""Sending waits where more steps' records than that are not stored, and more than so many."""
BROKEN_SECONDS: Final = 2.0
LAST_WORDS: Final = 8
"""Lines of a worker's log that the timeline shows where records wait for too long."""
POLL_SECONDS: Final = 0.25
BATCHES: Final = 100
BATCH_ROWS: Final = (200, 10_000)
"""At least so many inserts, whatever the number of records."""
OF_RECORDS: Final = {
    "journey.account": "counts records: the undisturbed run was never sent those of erased persons",
    "journey.freshness": "tells of arrival",
}
"""Views that are not compared, each with the reason."""


class Outcome(NamedTuple):
    """A run that has ended. `seconds` of all of it; `rest_seconds` until nothing waited any more, claims and walks included."""

    plan: Plan
    events: int
    findings: Findings
    done: Done
    timeline: Timeline
    questions: int
    looks: int
    looks_refused: int
    rest_seconds: float
    seconds: float


def run(
    plan: Plan, world: World, folder: Path, timeline: Timeline, *, brokers: int = 1, each: int | None = None
) -> Outcome:
    """Both runs on one Kafka, each with its own topic and ClickHouse. `each`: so many questions of a view are compared at most.

    Raises NotAtRest where the undisturbed run does not end.
    """
    changed = new_version(folder)
    own: dict[str, object] = {"maps": list(MAPS[:1])}
    batch_rows = min(max(len(world.items) // BATCHES, BATCH_ROWS[0]), BATCH_ROWS[1])
    with proxied_stack(folder / "stack", PARTITIONS, brokers) as (stack, proxies), ExitStack() as until_the_end:
        calm = until_the_end.enter_context(migrated(stack, folder / "calm", **own))
        calm_run(stack, calm, world, changed, folder, timeline)
        with staged(stack, proxies, folder / "wild", timeline, batch_rows=batch_rows, **own) as stage:
            return _Wild(plan, world, stage, calm, changed, timeline).run(folder, each)


def calm_run(
    stack: LocalStack, ledger: Ledger, world: World, changed: JourneyMap, folder: Path, timeline: Timeline
) -> None:
    """One worker, no fault, the new version of the map from the beginning, and nothing of those who will be erased."""
    sender = Sender(ledger.settings, folder / "sent-calm.ndjson")
    with workers(stack, ledger, 1):
        apply(ledger, changed)
        sender.send([one for one in world.items if one.of is not Of.ERASED])
        sender.finish()
        sender.close()
        seconds = wait_for_rest(ledger, REST_SECONDS + len(world.items) / 200, "undisturbed")
        timeline.note("note", f"the undisturbed run is at rest after {seconds:.1f} s")


class _Wild:
    """The run amid faults."""

    def __init__(
        self, plan: Plan, world: World, stage: Stage, calm: Ledger, changed: JourneyMap, timeline: Timeline
    ) -> None:
        self._plan = plan
        self._world = world
        self._stage = stage
        self._calm = calm
        self._changed = changed
        self._timeline = timeline

    def run(self, folder: Path, each: int | None) -> Outcome:
        """Send amid faults, let it come to rest, and collect what there is to judge."""
        stage, timeline, settings = self._stage, self._timeline, self._stage.ledger.settings
        truth = Truth(self._world.all_versions)
        sender = Sender(settings, folder / "sent.ndjson")
        at_first = [
            sum(one.group == group for one in self._world.items) // 2 for group in range(len(self._world.leaving))
        ]
        erasing = Erasing(stage.ledger, folder, self._world.leaving, at_first, sender, timeline)
        faults = Faults(stage, sender, erasing, self._changed, self._plan.seed, timeline)
        stage.scale(self._plan.workers)
        began = timeline.seconds
        with (
            closing(sender),
            closing(erasing),
            Looking(settings, truth, timeline, lambda: sender.handed) as looking,
            Sampling(self._parts, timeline) as sampling,
        ):
            self._steps(sender, faults, erasing, looking)
            stage.calm()
            timeline.note("note", "the stage is calm")
            sender.finish()
            timeline.note("note", "Kafka has all records")
            sent = sender.close()
            lag_seconds = self._until_stored(faults.last_ended)
            undone = self._until_erased(erasing)
            rest_seconds = self._until_rest(undone)
            sampling.take()
        seconds = timeline.seconds - began
        stuck = [*stage.stuck]
        stage.stop()
        findings, questions = self._findings(sent, lag_seconds, [*looking.wrong], undone, sampling, each)
        findings = findings._replace(stuck=[*stuck, *stage.stuck[len(stuck) :]])
        return Outcome(
            self._plan, len(self._world.items), findings, faults.done, timeline, questions, looking.looks, looking.refused,
            rest_seconds, seconds,
        )  # fmt: skip

    def _parts(self) -> list[Part]:
        return [
            *self._stage.stack.brokers,
            self._stage.ledger.face,
            *(self._stage.worker(number) for number in range(1, MOST_WORKERS + 1)),
        ]

    def _steps(self, sender: Sender, faults: Faults, erasing: Erasing, looking: Looking) -> None:
        shares = list(_shares(self._world.items, self._plan.steps - 1))
        for step in range(self._plan.steps):
            began = time.monotonic()
            for fault in self._plan.ending(step):
                if fault.begins < step:
                    faults.end(fault)
            for fault in self._plan.beginning(step):
                faults.begin(fault)
                if fault.ends == step:
                    faults.end(fault)
            sender.send(shares[step] if step < len(shares) else [])
            self._stage.tend()
            erasing.tend()
            time.sleep(max(0.0, self._plan.step_seconds - (time.monotonic() - began)))
            self._wait_for_backlog(sender, faults, looking, max(len(shares[0]) * BACKLOG_STEPS, BACKLOG_LEAST))

    def _wait_for_backlog(self, sender: Sender, faults: Faults, looking: Looking, most: int) -> None:
        """What waits when the last fault is over is to be the records of some steps, however slow the machine is. While something is
        broken, sending waits for some seconds at most."""
        began = time.monotonic()
        while sender.handed - looking.stored > most:
            patience = BROKEN_SECONDS if faults.is_broken else LAG_SECONDS_MAX
            if time.monotonic() - began > patience:
                return
            self._stage.tend()
            time.sleep(POLL_SECONDS)

    def _until_stored(self, since: float) -> float | None:
        """Seconds from then on until no record waits in Kafka; None after twice the time that is allowed."""
        while (seconds := self._timeline.seconds - since) < 2 * LAG_SECONDS_MAX:
            if lag(self._stage.ledger.settings) == 0:
                self._timeline.note("note", f"all records are stored {seconds:.1f} s after the last fault")
                return seconds
            self._stage.tend()
            time.sleep(POLL_SECONDS)
        self._timeline.note(
            "note", f"records still wait {seconds:.0f} s after the last fault: {lag(self._stage.ledger.settings)}"
        )
        for _, part in self._stage.running:
            self._timeline.note("note", f"the last words of {part.name}:\n{part.log_tail(LAST_WORDS)}")
        return None

    def _until_erased(self, erasing: Erasing) -> list[str]:
        deadline = time.monotonic() + ERASED_SECONDS
        while erasing.open and time.monotonic() < deadline:
            erasing.tend()
            time.sleep(POLL_SECONDS)
        return [f"`touchline erase` of group {group} did not end well" for group in erasing.open]

    def _until_rest(self, undone: list[str]) -> float:
        try:
            seconds = wait_for_rest(self._stage.ledger, REST_SECONDS, "amid faults")
        except NotAtRest as error:
            undone.append(str(error))
            return REST_SECONDS
        self._timeline.note("note", f"at rest after {seconds:.1f} s more")
        return seconds

    def _findings(
        self,
        sent: Sent,
        lag_seconds: float | None,
        seen: list[str],
        undone: list[str],
        sampling: Sampling,
        each: int | None,
    ) -> tuple[Findings, int]:
        ledger, parts = self._stage.ledger, [self._stage.worker(number) for number in range(1, MOST_WORKERS + 1)]
        topic, fates = read_topic(ledger.settings), read_fates(ledger.settings)
        questions, found = differing(self._calm, ledger, self._plan.seed, each)
        differences = [one.text() for one in found if one.view not in OF_RECORDS]
        differences += untrue(self._calm, Truth(self._world.versions))
        findings = Findings(
            sent, topic, fates, differences, seen, unclean(ledger), lag_seconds, [], sampling.samples, bugs_of(parts), undone
        )  # fmt: skip
        return findings, len(questions)


def _shares(items: Sequence[Item], steps: int) -> Iterator[Sequence[Item]]:
    size = -(-len(items) // steps)
    for start in range(0, len(items), size):
        yield items[start : start + size]
