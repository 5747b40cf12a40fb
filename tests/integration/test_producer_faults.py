"""The producer against a Kafka that is absent, lacks the topic, or goes away."""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.engines import fresh_topic
from touchline import DeliveryFailed, EngineUnreachable, TouchpointProducer, WrongUsage

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack


def _emit(producer: TouchpointProducer, number: int) -> None:
    producer.emit(id=f"e{number}", source="web-shop", touchpoint="product_page")


def test_an_absent_kafka_is_status_3_and_says_how_to_start_it(free_port: Callable[[], int]) -> None:
    port = free_port()
    began_s = time.monotonic()
    with warnings.catch_warnings():
        # kafka-python leaves the socket of each refused attempt to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        refusal = _refusal(f"127.0.0.1:{port}")
        gc.collect()

    assert time.monotonic() - began_s < 10
    assert refusal is not None
    assert refusal[0] == 3
    assert f"127.0.0.1:{port}" in refusal[1]
    assert "touchline up" in refusal[2]


def _refusal(bootstrap: str) -> tuple[int, str, str] | None:
    """The error without its traceback, which would keep the sockets."""
    try:
        TouchpointProducer(bootstrap, connect_timeout_seconds=1)
    except EngineUnreachable as error:
        return error.exit_status, error.what, error.hint
    return None


def test_a_missing_topic_is_not_created_and_not_waited_for(stack: LocalStack) -> None:
    for _ in range(2):
        with pytest.raises(WrongUsage, match="has no topic misspelled"):
            TouchpointProducer(stack.settings.kafka_bootstrap, "misspelled", connect_timeout_seconds=2)


def test_a_wrong_option_of_kafka_python_is_named(stack: LocalStack) -> None:
    with pytest.raises(WrongUsage, match="acks"):
        TouchpointProducer(stack.settings.kafka_bootstrap, kafka_options={"acks": 0})


def test_a_broker_that_is_away_for_a_moment_loses_nothing(stack: LocalStack) -> None:
    with TouchpointProducer(stack.settings.kafka_bootstrap, fresh_topic(stack)) as producer:
        _emit(producer, 1)
        producer.flush(30)
        stack.kafka.pause()
        try:
            for number in range(2, 100):
                _emit(producer, number)
            with pytest.raises(EngineUnreachable):
                producer.flush(1)
        finally:
            stack.kafka.resume()
        producer.flush(30)
        assert producer.counts == (99, 99, 0)


def test_events_that_kafka_never_acknowledges_fail_when_the_producer_is_closed(stack: LocalStack) -> None:
    failed: list[str] = []
    producer = TouchpointProducer(
        stack.settings.kafka_bootstrap,
        fresh_topic(stack),
        delivery_timeout_seconds=4,
        on_delivery=lambda event_id, error: failed.append(event_id) if error else None,
    )
    _emit(producer, 1)
    producer.flush(30)
    stack.kafka.pause()
    try:
        _emit(producer, 2)
        _emit(producer, 3)
        with pytest.raises((EngineUnreachable, DeliveryFailed)):
            producer.close(1)
    finally:
        stack.kafka.resume()
    assert failed == ["e2", "e3"]
    assert producer.counts == (3, 1, 2)


def test_settings_name_broker_topic_person_key_and_sources(stack: LocalStack, project_dir: Path) -> None:
    settings = stack.settings.with_changes(topic=fresh_topic(stack), sources_file=project_dir / "sources.yaml")
    with TouchpointProducer.from_settings(settings) as producer:
        producer.emit(source="web-shop", touchpoint="product_page", identifiers=[("login", "4711")])
        producer.flush(30)
        assert producer.counts.acknowledged == 1
