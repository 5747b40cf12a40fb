"""A sender who asks the ledger for versions is never stopped by it, and waits a little for what Kafka holds already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import NetworkError, ServerException

from touchline.account.accounts import StreamAccount, records_not_stored
from touchline.account.stored_versions import STILL_SECONDS, WAIT_SECONDS, StoredVersions
from touchline.kafka.offsets import TopicOffsets
from touchline.schemas.versions import Version

ROWS = [("e1", 0, 5, 7), ("e1", 1, 0, 8)]
KAFKA = TopicOffsets("events", "id", {0: 0, 1: 4}, {0: 10, 1: 4})


class Answers:
    """A ClickHouse whose marks are at these offsets, one look after another, and which may fail."""

    def __init__(self, ends: Sequence[int] = (10,), fault: Exception | None = None) -> None:
        self.ends = iter(ends)
        self.end = 0
        self.fault = fault
        self.asked = 0

    def execute(self, query: str) -> list[tuple[Any, ...]]:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        if "mark" in query:
            self.end = next(self.ends, self.end)
            return [("events/id/0", 0, self.end - 1, 0, {})]
        return ROWS

    def disconnect(self) -> None:
        pass


class Clock:
    """Every look at it is free, every sleep takes its time."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def stored(answers: Answers, kafka: TopicOffsets | None = None) -> tuple[StoredVersions, Clock]:
    clock = Clock()
    return StoredVersions(cast("Client", answers), kafka, clock=clock, sleep=clock.sleep), clock


def growing(start: int, every: int) -> Iterator[int]:
    """Marks that move by one record every so many looks."""
    for end in range(start, 10_000):
        yield from [end] * every


def test_versions_come_with_their_ids() -> None:
    versions, _ = stored(Answers())
    assert versions.ask("shop", ["e1", "e2"]) == [("e1", Version(0, 5, 7)), ("e1", Version(1, 0, 8))]
    assert versions.fault == ""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (NetworkError("refused"), "ClickHouse does not answer"),
        (EOFError(), "ClickHouse does not answer"),
        (ServerException("no such table", 60), "ClickHouse refused to be asked, code 60"),
    ],
    ids=["away", "broken off", "refused"],
)
@pytest.mark.parametrize("kafka", [None, KAFKA], ids=["no wait", "waiting"])
def test_a_ledger_that_fails_is_not_asked_again_and_the_reason_kept(
    fault: Exception, said: str, kafka: TopicOffsets | None
) -> None:
    answers = Answers(fault=fault)
    versions, _ = stored(answers, kafka)
    assert [versions.ask("shop", ["e1"]) for _ in range(3)] == [[], [], []]
    assert (versions.fault, answers.asked) == (said, 1)


def test_what_kafka_held_at_the_beginning_is_waited_for_once() -> None:
    answers = Answers(ends=[2, 5, 9, 10])
    versions, clock = stored(answers, KAFKA)
    assert versions.ask("shop", ["e1"])
    assert (versions.fault, answers.end) == ("", 10)
    assert 0 < clock.now_s < 1
    asked = answers.asked
    assert versions.ask("shop", ["e1"])
    assert answers.asked == asked + 1


def test_it_waits_no_longer_than_it_must_for_workers_that_stand_still_or_are_far_behind() -> None:
    still, clock = stored(Answers(ends=[8]), KAFKA)
    assert still.ask("shop", ["e1"])
    assert still.fault == "2 records that Kafka holds are not stored yet"
    assert STILL_SECONDS <= clock.now_s < STILL_SECONDS + 1
    behind, clock = stored(Answers(ends=list(growing(0, 9))), KAFKA._replace(end={0: 5_000, 1: 4}))
    assert behind.ask("shop", ["e1"])
    assert "are not stored yet" in behind.fault
    assert WAIT_SECONDS <= clock.now_s < WAIT_SECONDS + 1


@pytest.mark.parametrize(
    ("accounts", "missing"),
    [
        ([], 10),
        ([StreamAccount("events/id/0", 0, 9, 0, {})], 0),
        ([StreamAccount("events/id/0", 0, 6, 0, {})], 3),
        ([StreamAccount("events/earlier/0", 0, 9, 0, {})], 10),
        ([StreamAccount("events/id/0", 0, 19, 0, {})], 0),
    ],
)
def test_records_that_no_mark_accounts_for_are_not_stored(accounts: list[StreamAccount], missing: int) -> None:
    assert records_not_stored(accounts, KAFKA) == missing
