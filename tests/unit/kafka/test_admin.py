"""Kafka that does not answer is said once and alike, whoever asks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from touchline.errors import EngineUnreachable
from touchline.kafka.admin import admin_client, broker_is_ready
from touchline.kafka.offsets import lag, read_offsets
from touchline.kafka.topic import count_partitions, describe_topic, ensure_topic
from touchline.settings import Settings

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1, [::1]:2,here")


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The addresses that were tried; each refuses."""
    tried: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], **_: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.create_connection", refuse)
    return tried


def connected(settings: Settings) -> None:
    with admin_client(settings.kafka_bootstrap):
        pass


@pytest.mark.parametrize(
    "ask",
    [
        connected,
        read_offsets,
        lambda settings: describe_topic(settings.kafka_bootstrap, settings.topic),
        lambda settings: ensure_topic(settings, 1),
    ],
    ids=["connect", "offsets", "topic", "ensure"],
)
def test_whoever_asks_closed_ports_hears_the_same(
    ask: Callable[[Settings], object], tried: list[tuple[str, int]]
) -> None:
    with pytest.raises(EngineUnreachable) as caught:
        ask(SETTINGS)
    assert caught.value.what == f"Kafka at {SETTINGS.kafka_bootstrap} does not answer (connection refused)"
    assert caught.value.hint == "start it (`touchline up`) or set kafka_bootstrap"
    assert tried == [("127.0.0.1", 1), ("::1", 2), ("here", 9092)]


@pytest.mark.usefixtures("tried")
@pytest.mark.parametrize("server", ["127.0.0.1:none", "127.0.0.1:1"])
def test_an_address_where_nobody_listens_is_no_ready_broker(server: str) -> None:
    assert not broker_is_ready(server, 1)


@pytest.mark.usefixtures("tried")
def test_lag_is_not_known_without_kafka_and_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert lag(SETTINGS) is None
    assert caplog.records == []


@pytest.mark.usefixtures("tried")
def test_how_many_partitions_there_are_is_not_known_without_kafka() -> None:
    assert count_partitions(SETTINGS) is None
