"""Workers with fake stores on real Kafka: every record once, commits that follow, rebalance, refusals, waiting."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.engines import fresh_topic
from tests.support.workers import assert_each_record_once, committed, lines, send, stored, wait_for, worker

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack
    from touchline.settings import Settings

SESSION_SECONDS = 6.0
SIGTERM_SECONDS = 1.5
PER_PARTITION = 2_000


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    topic = fresh_topic(stack)
    return stack.settings.with_changes(topic=topic, consumer_group=f"group-{topic}")


def test_worker_hands_over_in_bulk_commits_what_is_durable_and_ends_quickly(settings: Settings, tmp_path: Path) -> None:
    send(settings, 4 * PER_PARTITION)
    with worker(settings, tmp_path) as first:
        first.wait_ready()
        first.wait_stored(4 * PER_PARTITION)
        assert max(one.record_count for one in stored(first.notes)) > 1_000
        time.sleep(0.5)
        status, seconds = first.end()
    assert (status, seconds < SIGTERM_SECONDS) == (0, True), (seconds, first.log)
    assert not first.ready_file.exists()
    assert committed(settings) == dict.fromkeys(range(4), PER_PARTITION)
    send(settings, 4)
    with worker(settings, tmp_path, name="next") as second:
        second.wait_stored(4 * PER_PARTITION + 4)
        assert second.end()[0] == 0
    assert_each_record_once(second.notes, PER_PARTITION + 1)
    assert lines(second.notes, "asked") == []


def test_killed_worker_is_followed_by_one_that_misses_nothing(settings: Settings, tmp_path: Path) -> None:
    send(settings, 4 * PER_PARTITION)
    with worker(settings, tmp_path) as first:
        first.wait_stored(PER_PARTITION)
        first.process.kill()
        first.process.wait()
    send(settings, 40)
    with worker(settings, tmp_path, name="next") as second:
        second.wait_stored(4 * PER_PARTITION + 40)
    assert_each_record_once(second.notes, PER_PARTITION + 10)


def last_assignment(log: str) -> str:
    """The newest line that says which partitions a worker has."""
    return [line for line in log.splitlines() if "event=assigned" in line][-1]


def test_second_worker_takes_its_share_and_gives_it_back(settings: Settings, tmp_path: Path) -> None:
    with worker(settings, tmp_path) as first:
        first.wait_ready()
        with worker(settings, tmp_path, name="second") as second:
            second.wait_ready()
            wait_for(
                lambda: second.log.count("event=assigned") > 0 and "partition_count=2" in second.log, lambda: second.log
            )
            send(settings, 400)
            assert second.end()[0] == 0
        wait_for(lambda: first.log.count("event=ready") >= 3, lambda: first.log)
        send(settings, 400)
        wait_for(lambda: "partitions=0,1,2,3" in last_assignment(first.log), lambda: first.log)
        wait_for(lambda: sum(last_of(first.notes).values()) == 4 * 200, lambda: str(stored(first.notes)))


def last_of(notes: Path) -> dict[int, int]:
    return {one.partition: one.last + 1 for one in stored(notes)}


def test_refused_batches_are_read_again_and_nothing_is_skipped(settings: Settings, tmp_path: Path) -> None:
    send(settings, 40)
    with worker(settings, tmp_path, "RefusingStore") as process:
        process.wait_stored(40)
        assert "event=batch_refused" in process.log
    assert len(lines(process.notes, "refused")) == 2
    assert_each_record_once(process.notes, 10)


def test_worker_leaves_its_group_and_joins_again_in_the_same_process(settings: Settings, tmp_path: Path) -> None:
    send(settings, 40)
    with worker(settings, tmp_path, "OnceChangedTopicStore") as process:
        process.wait_stored(40)
        assert "event=rejoining because=topic_changed" in process.log
        assert process.log.count("event=ready") == 2
        status, seconds = process.end()
    assert (status, seconds < SIGTERM_SECONDS) == (0, True), (seconds, process.log)
    assert_each_record_once(process.notes, 10)


def test_worker_whose_store_waits_stays_in_its_group_and_ends_at_once_when_told(
    settings: Settings, tmp_path: Path
) -> None:
    send(settings, 40)
    with worker(settings, tmp_path, "BlockingStore") as process:
        wait_for(lambda: bool(lines(process.notes, "holding")), lambda: process.log)
        time.sleep(SESSION_SECONDS + 1.5)
        assert len(lines(process.notes, "assigned")) == 1, process.log
        process.notes.with_suffix(".go").touch()
        process.wait_stored(40)
        process.notes.with_suffix(".go").unlink()
        send(settings, 4)
        wait_for(lambda: len(lines(process.notes, "holding")) > 4, lambda: process.log)
        status, seconds = process.end()
    assert (status, seconds < SIGTERM_SECONDS) == (0, True), (seconds, process.log)
    assert lines(process.notes, "closed")
