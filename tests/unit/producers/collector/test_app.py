"""What senders and the operator hear when events cannot be kept."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
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
from touchline.service.problem import RequestRefused
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


class HookFront(EventsFront):
    """The same events with the write key in the query, at a path of its own."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        return query.get("key")


def test_each_front_has_its_own_path_and_may_carry_the_write_key_in_the_query(tmp_path: Path) -> None:
    key = f"hook.{'a' * 32}"
    (tmp_path / "keys").write_text(f"{key} *\n")
    fronts = (EventsFront(), HookFront("/hooks/crm"), HookFront("/hooks/shop"))

    async def ask() -> None:
        intake = Intake(InMemoryProducer(), has_outbox=True)
        keys = WriteKeys.from_file(tmp_path / "keys", {})
        collector = Collector(load_settings(), fronts, keys, intake, Rate(1_000, time.monotonic), Room(1_000))
        posts = [one for one in collector.app.router.routes() if one.method == "POST" and one.resource is not None]
        assert {one.resource.canonical for one in posts if one.resource} == {front.path for front in fronts}
        request = make_mocked_request("POST", f"/hooks/crm?key={key}")
        assert collector._authenticated(fronts[1], request).key_id == "hook"
        with pytest.raises(RequestRefused) as refused:
            collector._authenticated(fronts[0], request)
        assert (refused.value.status, *refused.value.headers) == (401, "WWW-Authenticate")
        await intake.close(5.0)

    asyncio.run(ask())
