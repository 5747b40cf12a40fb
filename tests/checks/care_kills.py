"""`touchline care` is killed again and again on real Kafka and the real engine, and each answer is one case:
`./run check care_kills [--kills N] [--seed N]`.

Detractors answer; while their answers are on the way, the process is killed (SIGKILL), while it begins or at any step of its work. In some
rounds its folder is lost, the receiver of its webhook is killed, and ClickHouse is. In the end each answer has one case, opened by one
event, and topic and webhook were told of each; how often they were told twice is said, since receivers drop by id.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.care import CareProcess, alerts_in, care
from tests.support.care_kills import Done, answer_and_kill, faults, missing
from tests.support.engines import Ledger, fresh_topic, own_face_with_worker
from tests.support.receiver import Receiver
from tests.support.workers import wait_for
from touchline.local.stack import LocalStack

KILLS = 50
PATIENCE_SECONDS = 600.0
RECEIVER_EVERY, ENGINE_EVERY = 3, 10
SOURCES = """
sources:
  survey-tool: {legal_basis: contract}
  care: {legal_basis: legitimate_interests}
"""
RULES = """
version: 1
rules:
  - {{id: detractor, answer: {{kpi: nps, scored: bad}}, contact_within_hours: 24}}
sinks:
  - {{id: desk, kafka: {{topic: {topic}}}}}
  - {{id: crm, webhook: {{url: "{url}"}}, attempts: 100}}
"""


class Place(NamedTuple):
    """Where care works, and its two sinks."""

    ledger: Ledger
    topic: str
    receiver: Receiver


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("care_kills", __doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="kills of touchline care (default %(default)s)")
    arguments = parser.parse_args()
    end_with_verdict(lambda: check(arguments.seed, arguments.kills))


def check(seed: int, kills: int) -> str:
    """What was found. Raises AssertionError for an answer without a case, with two, or of which a sink was not told."""
    with tempfile.TemporaryDirectory(prefix="touchline-care-kills-") as name, placed(Path(name)) as place:
        others = {
            RECEIVER_EVERY: ("the receiver", lambda: _again(place.receiver)),
            ENGINE_EVERY: ("ClickHouse", lambda: _again_engine(place.ledger)),
        }
        with care(place.ledger.settings, Path(name)) as process:
            done = answer_and_kill(place.ledger.settings, process, kills, Random(seed), others)
            return _verdict(place, process, done)


@contextmanager
def placed(folder: Path) -> Iterator[Place]:
    """Engines and a worker of its own."""
    (folder / "sources.yaml").write_text(SOURCES)
    files: dict[str, object] = {
        "sources_file": folder / "sources.yaml", "care_rules_file": folder / "rules.yaml", "care_dir": folder / "state of care",
        "care_since": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    receiver = Receiver(folder)
    try:
        with LocalStack(folder / "stack", partitions=2, migrate=False) as stack:
            topic = fresh_topic(stack, 1)
            (folder / "rules.yaml").write_text(RULES.format(topic=topic, url=receiver.url))
            with own_face_with_worker(stack, folder / "face", partitions=2, tick_seconds=0.5, **files) as ledger:
                yield Place(ledger, topic, receiver)
    finally:
        receiver.kill()


def _again(receiver: Receiver) -> None:
    receiver.kill()
    receiver.begin()


def _again_engine(ledger: Ledger) -> None:
    ledger.face.kill()
    ledger.face.start()


def _verdict(place: Place, process: CareProcess, done: Done) -> str:
    settings = place.ledger.settings

    def told() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return alerts_in(settings, place.topic), place.receiver.told()

    def still_missing() -> list[str]:
        return [one for side in told() for one in missing(settings, done.answers, side)]

    wait_for(lambda: not still_missing(), lambda: f"{still_missing()[:5]}\n{process.log[-3_000:]}", PATIENCE_SECONDS)
    sides = told()
    found = [one for side in sides for one in faults(settings, done.answers, side)]
    if found:
        raise AssertionError("; ".join(sorted(set(found))[:10]))
    repeated = [sum(count - 1 for count in Counter(one["id"] for one in side).values()) for side in sides]
    kills = ", ".join(f"{count} {name}" for name, count in done.kills.items())
    return (
        f"{len(done.answers)} answers, killed or lost: {kills}; one case each, opened once, told to both sinks "
        f"(told again under the same id: {repeated[0]} by the topic, {repeated[1]} by the webhook)"
    )


if __name__ == "__main__":
    main()
