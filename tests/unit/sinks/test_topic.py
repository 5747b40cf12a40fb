"""What is sent to a topic, and that none waits for another's threads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from touchline.errors import EngineUnreachable
from touchline.sinks.again import NotTaken
from touchline.sinks.topic import TopicSender

KEY = "a" * 32
BODY = {"id": KEY, "case": "c1", "link": "https://ask.example/q/ü"}


class _Producer:
    def __init__(self, error: Exception | None = None, gate: Event | None = None) -> None:
        self.error = error
        self.gate = gate
        self.sent: list[tuple[Any, ...]] = []

    def send(self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> _Producer:
        if self.gate is not None:
            assert self.gate.wait(30)
        self.sent.append((topic, json.loads(value), key, headers))
        return self

    def get(self, timeout: float) -> None:
        assert timeout > 0
        if self.error is not None:
            raise self.error

    def close(self, timeout: float) -> None:
        assert timeout > 0


def to_topic(producer: _Producer | Exception, **options: Any) -> None:
    def open_producer() -> _Producer:
        if isinstance(producer, Exception):
            raise producer
        return producer

    async def go() -> None:
        sender = TopicSender("invitations", open_producer, **options)
        try:
            await sender(KEY, BODY)
        finally:
            await sender.close()

    asyncio.run(go())


def test_a_topic_gets_a_record_by_its_key_or_by_the_one_that_is_made_of_it() -> None:
    producer = _Producer()
    to_topic(producer)
    to_topic(producer, record_key=lambda _, body: str(body["case"]))
    header = ("idempotency-key", KEY.encode())
    assert producer.sent == [
        ("invitations", BODY, KEY.encode(), [header]), ("invitations", BODY, b"c1", [header]),
    ]  # fmt: skip


@pytest.mark.parametrize("trouble", [_Producer(KafkaTimeoutError()), EngineUnreachable("Kafka is away", "start it")])
def test_kafka_that_is_away_is_tried_again(trouble: Any) -> None:
    with pytest.raises(NotTaken) as told:
        to_topic(trouble)
    assert not told.value.is_final


@pytest.fixture
def gate() -> Iterator[Event]:
    """What a topic that is not there waits at; opened when the test ends."""
    one = Event()
    yield one
    one.set()


def test_a_topic_that_is_not_there_holds_up_no_other_topic_and_no_thread_of_the_process(gate: Event) -> None:
    there = _Producer()

    async def go() -> None:
        missing, beside = TopicSender("missing", lambda: _Producer(gate=gate)), TopicSender("there", lambda: there)
        hanging = [asyncio.create_task(missing(KEY, BODY)) for _ in range(64)]
        await asyncio.sleep(0)
        async with asyncio.timeout(30):
            await beside(KEY, BODY)
            await asyncio.to_thread(int)
        assert not any(one.done() for one in hanging)
        for one in hanging:
            one.cancel()
        await beside.close()
        gate.set()
        await missing.close()

    asyncio.run(go())
    assert len(there.sent) == 1
