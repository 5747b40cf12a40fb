"""A broker that dies under a running worker: the worker says so, does not flood its log, and goes on by itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.engines import fresh_topic
from tests.support.workers import assert_each_record_once, send, worker

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

AWAY_SECONDS = 9.0
LINES_PER_SECOND = 5
END_SECONDS = 5.0


def test_worker_outlives_its_broker_and_stores_each_record_once(stack: LocalStack, tmp_path: Path) -> None:
    topic = fresh_topic(stack)
    settings = stack.settings.with_changes(topic=topic, consumer_group=f"group-{topic}")
    send(settings, 400)
    with worker(settings, tmp_path) as process:
        process.wait_stored(400)
        before = len(process.log.splitlines())
        stack.kafka.kill()
        time.sleep(AWAY_SECONDS)
        stack.kafka.start()
        send(settings, 400)
        process.wait_stored(800)
        said = process.log.splitlines()[before:]
        assert process.process.poll() is None
        status, seconds = process.end()
    assert_each_record_once(process.notes, 200)
    assert 0 < len(said) < LINES_PER_SECOND * AWAY_SECONDS, "\n".join(said)
    assert (status, seconds < 3.0) == (0, True)


def test_worker_told_to_end_while_its_broker_is_dead_ends_within_seconds(stack: LocalStack, tmp_path: Path) -> None:
    topic = fresh_topic(stack)
    settings = stack.settings.with_changes(topic=topic, consumer_group=f"group-{topic}")
    with worker(settings, tmp_path) as process:
        process.wait_ready()
        stack.kafka.kill()
        try:
            time.sleep(1.0)
            status, seconds = process.end()
        finally:
            stack.kafka.start()
    assert (status, seconds < END_SECONDS) == (0, True), (seconds, process.log)
