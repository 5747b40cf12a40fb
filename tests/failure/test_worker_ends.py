"""SIGTERM ends a worker within five seconds with status 0, whatever it is doing, and nothing is lost or counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.events import send_events
from tests.support.engines import Ledger, fresh_topic, own_face, touchline
from tests.support.real_worker import RealWorker, ask, real_worker
from tests.support.workers import lines, send, wait_for, worker

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

END_SECONDS = 5.0
PARTITIONS = 2
EVENTS = 6_000


@pytest.mark.parametrize("store", ["DeafStore", "BusyStore"])
def test_worker_ends_in_time_whatever_its_store_is_doing(stack: LocalStack, tmp_path: Path, store: str) -> None:
    topic = fresh_topic(stack)
    settings = stack.settings.with_changes(topic=topic, consumer_group=f"group-{topic}")
    send(settings, 40)
    with worker(settings, tmp_path, store) as process:
        wait_for(lambda: bool(lines(process.notes, "holding")), lambda: process.log)
        status, seconds = process.end()
    assert (status, seconds < END_SECONDS) == (0, True), (seconds, process.log)


@pytest.fixture
def own_ledger(stack: LocalStack, tmp_path: Path) -> Iterator[Ledger]:
    with own_face(stack, tmp_path / "face", partitions=PARTITIONS, batch_rows=300) as ledger:
        yield ledger


def test_worker_ends_in_time_while_clickhouse_hangs_or_is_away_and_counts_each_event_once(
    own_ledger: Ledger, tmp_path: Path
) -> None:
    settings, face = own_ledger.settings, own_ledger.face
    send_events(settings.kafka_bootstrap, settings.topic, EVENTS, PARTITIONS)

    face.pause()
    with real_worker(settings, tmp_path, "hangs_at_start") as starting:
        starting.wait_log("event=topic_found")
        assert_ends_in_time(starting)
    face.resume()

    with real_worker(settings, tmp_path, "hangs_in_insert") as inserting:
        inserting.wait_stored(300)
        face.pause()
        assert_ends_in_time(inserting)
    face.resume()

    with real_worker(settings, tmp_path, "away") as waiting:
        waiting.wait_log("event=acquired")
        face.kill()
        waiting.wait_log("event=store_waits")
        assert_ends_in_time(waiting)
    face.start()

    with real_worker(settings, tmp_path, "storing") as storing:
        storing.wait_log("event=acquired")
        assert_ends_in_time(storing)
    with real_worker(settings, tmp_path, "last") as last:
        last.wait_stored(EVENTS)
        assert_ends_in_time(last)

    assert ask(settings, "SELECT sum(received), sum(stored), min(is_balanced) FROM journey.account") == [
        (EVENTS, EVENTS, 1)
    ]
    touchline(own_ledger, "reconcile", status=0)


def assert_ends_in_time(process: RealWorker) -> None:
    status, seconds = process.end()
    assert (status, seconds < END_SECONDS) == (0, True), (seconds, process.log)
