"""What senders and the operator hear when events cannot be kept."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from touchline.producers.collector.access import WriteKeys
from touchline.producers.collector.app import Collector
from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import Rate, Room
from touchline.producers.errors import OutboxFull
from touchline.producers.memory import InMemoryProducer
from touchline.settings import load_settings


def test_the_operator_hears_why_events_are_not_kept_and_senders_hear_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def full(_request: web.Request) -> web.StreamResponse:
        raise OutboxFull.by_limit(Path("inner/folder"), 1_000, 0.5)

    async def ask() -> list[tuple[int, str, str]]:
        intake = Intake(InMemoryProducer(), has_outbox=True)
        rate, room = Rate(1_000, time.monotonic), Room(1_000)
        collector = Collector(load_settings(), (EventsFront(),), WriteKeys({}), intake, rate, room)
        told = []
        for _ in range(3):
            answer = await collector._as_problem(make_mocked_request("POST", "/v1/events"), full)
            assert isinstance(answer, web.Response)
            told.append((answer.status, answer.headers["Retry-After"], str(answer.text)))
        await intake.close(5.0)
        return told

    with caplog.at_level(logging.WARNING, logger="touchline.collector"):
        told = asyncio.run(ask())
    assert [(status, retry) for status, retry, _ in told] == [(503, "5")] * 3
    assert "send all of them again" in told[0][2]
    assert not any("inner/folder" in text for _, _, text in told)
    (said,) = [vars(record)["fields"] for record in caplog.records]
    assert "inner/folder" in said["why"]
