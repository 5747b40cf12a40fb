"""The two runs over the same records, and what is compared at their end."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.engines import Ledger
from tests.support.invariance.arrivals import arrivals_of
from tests.support.invariance.events import Version, versions_of
from tests.support.invariance.ledgers import Records, migrated, tell, wait_for_rest, workers
from tests.support.invariance.reader import AMOUNTS, EVENTS, Reader, Truth
from tests.support.invariance.selecting import Question, asked_of, some_of
from tests.support.invariance.views import Difference, compared, compared_columns
from touchline.clickhouse.connect import connect
from touchline.local.process import Part
from touchline.local.stack import LocalStack
from touchline.map_changes.apply import apply_map
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import load_map
from touchline.settings import PACKAGED_JOURNEYS_DIR

PARTITIONS: Final = 4
MAPS: Final = ("retail", "web_shop")
OLD, NEW = "version: 3\n", "version: 4\n"
CHANGED: Final = ("stays: [service, loyalty]", "stays: [loyalty]")
DROPPED_RULE: Final = "  - {id: used_coupon, when: {touchpoint: coupon}, stage: consideration}\n"
REST_SECONDS: Final = 420.0
COMES_BACK: Final = 0.5
"""Chance of a killed worker to be started again after each further chunk."""


class Shape(NamedTuple):
    """How large a run is. `pause_seconds` between the chunks in which the shuffled records are sent."""

    versions: int
    chunks: int
    kills: int
    pause_seconds: float
    batch_rows: int


LONG: Final = Shape(200_000, 60, 10, 2.0, 10_000)
SHORT: Final = Shape(10_000, 12, 3, 2.0, 500)


class Runs(NamedTuple):
    """Both ledgers at rest. `wrong` is what a reader of the wild one saw meanwhile and never should, and what the calm one says otherwise
    than the events themselves."""

    calm: Ledger
    wild: Ledger
    reader: Reader
    records: int
    kills: int
    wrong: list[str]


@contextmanager
def both_runs(seed: int, shape: Shape, folder: Path) -> Iterator[Runs]:
    """Both runs over the same records, their engines ended with the block. Raises NotAtRest."""
    versions = versions_of(seed, shape.versions)
    arrivals, truth = arrivals_of(versions, seed), Truth(versions)
    changed = new_version(folder)
    own = {"maps": list(MAPS), "batch_rows": shape.batch_rows}
    with ExitStack() as open_until_the_end:
        enter = open_until_the_end.enter_context
        stack = enter(LocalStack(folder / "stack", partitions=PARTITIONS, migrate=False))
        records = Records(stack)
        calm = enter(migrated(stack, folder / "calm", **own))
        tell(f"{len(arrivals.in_order):,} records of {len(versions):,} versions, in order")
        calm_run(stack, calm, records, arrivals.in_order, changed)
        wild = enter(migrated(stack, folder / "wild", **own))
        tell("the same as they come")
        with Reader(wild.settings, truth) as reader:
            kills = wild_run(stack, wild, records, arrivals.shuffled, changed, shape, seed)
        tell(f"{kills} kills; {reader.looks} looks saw {reader.persons_most} persons at most")
        yield Runs(calm, wild, reader, len(arrivals.shuffled), kills, [*reader.wrong, *untrue(calm, truth)])


def new_version(folder: Path) -> JourneyMap:
    """Another version of the first map: other rules, so other stages and cycles."""
    text = (PACKAGED_JOURNEYS_DIR / f"{MAPS[0]}.yaml").read_text()
    for old, new in ((OLD, NEW), CHANGED, (DROPPED_RULE, "")):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "new_version.yaml"
    path.write_text(text)
    return load_map(path)


def apply(ledger: Ledger, journey_map: JourneyMap) -> None:
    """As `touchline map apply` does."""
    client = connect(ledger.settings)
    apply_map(client, journey_map)
    client.disconnect()


def calm_run(stack: LocalStack, ledger: Ledger, records: Records, sent: Sequence[Version], changed: JourneyMap) -> None:
    """One worker, all in order, the new version from the beginning."""
    with workers(stack, ledger, 1):
        apply(ledger, changed)
        records.send(ledger, sent)
        tell(f"at rest after {wait_for_rest(ledger, REST_SECONDS, 'in order'):.1f} s")


def wild_run(
    stack: LocalStack, ledger: Ledger, records: Records, sent: Sequence[Version], changed: JourneyMap, shape: Shape, seed: int
) -> int:  # fmt: skip
    """Two workers that are killed now and then and come back a little later, and the new version half way. Returns the number of kills."""
    rng = random.Random(seed)
    killed = rng.sample(range(1, shape.chunks), shape.kills)
    kills = 0
    with workers(stack, ledger, 2) as both:
        for number, chunk in enumerate(_chunks(sent, shape.chunks)):
            records.send(ledger, chunk)
            if number == shape.chunks // 2:
                apply(ledger, changed)
                tell("another version of the map is applied")
            if number in killed:
                kills += _kill([one for one in both if one.is_ready()], rng)
            time.sleep(shape.pause_seconds)
            for part in both:
                if not part.is_running() and rng.random() < COMES_BACK:
                    part.start(wait=False)
        for part in both:
            part.start()
        tell("all is sent")
        tell(f"at rest after {wait_for_rest(ledger, REST_SECONDS, 'as they come'):.1f} s more")
    return kills


def _kill(ready: Sequence[Part], rng: random.Random) -> int:
    """Kill one of those that have joined, if there is one; returns how many that are."""
    if not ready:
        return 0
    part = rng.choice(ready)
    part.kill()
    tell(f"{part.name} is killed")
    return 1


def _chunks(versions: Sequence[Version], count: int) -> Iterator[Sequence[Version]]:
    size = -(-len(versions) // count)
    for start in range(0, len(versions), size):
        yield versions[start : start + size]


def untrue(ledger: Ledger, truth: Truth) -> list[str]:
    """What the calm run's views say otherwise than the events themselves."""
    client = connect(ledger.settings)
    events = {source: count for source, count, _ in client.execute(EVENTS)}
    amounts = dict(client.execute(AMOUNTS))
    client.disconnect()
    found = []
    if events != truth.events:
        found.append(f"in order: events {events}, in truth {dict(truth.events)}")
    if amounts != truth.amounts:
        found.append(f"in order: amounts {amounts}, in truth {dict(truth.amounts)}")
    return found


def differing(
    calm: Ledger, wild: Ledger, seed: int, each: int | None = None, view: str = ""
) -> tuple[list[Question], list[Difference]]:
    """All questions that were asked of both, of each view or of this one, `each` of them by chance or all, and where answers differ."""
    one, other = connect(calm.settings), connect(wild.settings)
    try:
        questions = list(asked_of(one, seed))
        if each is not None:
            questions = some_of(questions, seed, each)
        questions = [one for one in questions if one[0] == view or not view]
        first = dict(reversed(questions))
        columns = {view: compared_columns(one, view, source) for view, source in first.items()}
        found = []
        for view, source in questions:
            difference = compared(source, columns[view], one, other)
            if difference is not None:
                tell(f"differs: {difference.text()}")
                found.append(difference)
        return questions, found
    finally:
        one.disconnect()
        other.disconnect()
