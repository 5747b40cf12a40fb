"""What senders and the operator hear when events cannot be kept."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from touchline.producers.collector.access import WriteKeys
from touchline.producers.collector.app import Collector
from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.front import Front, ItemVerdict
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import Rate, Room
from touchline.producers.collector.metrics import CollectorMeter
from touchline.producers.collector.undeclared import TELL_SECONDS, UndeclaredLog
from touchline.producers.collector.vendors import fronts_of
from touchline.producers.collector.vendors.names import shipped_names
from touchline.producers.errors import EventRejected, OutboxFull, SourceUndeclared
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.service.live_sources import LiveSources
from touchline.service.problem import RequestRefused
from touchline.settings import load_settings


def collector_of(
    fronts: Sequence[Front], keys: WriteKeys, intake: Intake, rate: Rate, room: Room, sources: LiveSources | None = None
) -> Collector:
    """A collector without an outbox."""
    settings, meter = load_settings(), CollectorMeter(None)
    live = sources or LiveSources(settings.sources_file, meter.meter, logging.getLogger("touchline.collector"))
    return Collector(settings, fronts, keys, intake, rate, room, meter, live)


def test_the_operator_hears_why_events_are_not_kept_and_senders_hear_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def full(_request: web.Request) -> web.StreamResponse:
        raise OutboxFull.by_limit(Path("inner/folder"), 1_000, 0.5)

    async def ask() -> list[tuple[int, str, str]]:
        intake = Intake(InMemoryProducer(), has_outbox=True)
        rate, room = Rate(1_000, time.monotonic), Room(1_000)
        collector = collector_of((EventsFront(),), WriteKeys({}), intake, rate, room)
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
        self.paths = (path,)

    def write_key_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        return query.get("key")


def test_each_front_has_its_own_path_and_may_carry_the_write_key_in_the_query(tmp_path: Path) -> None:
    key = f"hook.{'a' * 32}"
    (tmp_path / "keys").write_text(f"{key} *\n")
    fronts = (EventsFront(), HookFront("/hooks/crm"), HookFront("/hooks/shop"))

    async def ask() -> None:
        intake = Intake(InMemoryProducer(), has_outbox=True)
        keys = WriteKeys.from_file(tmp_path / "keys")
        collector = collector_of(fronts, keys, intake, Rate(1_000, time.monotonic), Room(1_000))
        posts = [one for one in collector.app.router.routes() if one.method == "POST" and one.resource is not None]
        assert {one.resource.canonical for one in posts if one.resource} == {
            path for front in fronts for path in front.paths
        }
        request = make_mocked_request("POST", f"/hooks/crm?key={key}")
        assert collector._authenticated(fronts[1].write_key_of(request.headers, request.query)).key_id == "hook"
        with pytest.raises(RequestRefused) as refused:
            collector._authenticated(fronts[0].write_key_of(request.headers, {}))
        assert (refused.value.status, *refused.value.headers) == (401, "WWW-Authenticate")
        with pytest.raises(RequestRefused) as in_address:
            collector._admitted(key, make_mocked_request("POST", f"/v1/events?key={key}"))
        assert in_address.value.status == 403
        await intake.close(5.0)

    asyncio.run(ask())


def test_a_file_of_sources_that_cannot_be_read_is_said_by_readyz_which_stays_ready(tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text("sources:\n  shop: {legal_basis: contract}\n")

    async def ask() -> list[tuple[int, object]]:
        intake = Intake(InMemoryProducer(), has_outbox=True)
        meter = CollectorMeter(None)
        sources = LiveSources(file, meter.meter, logging.getLogger("touchline.collector"))
        sources.open()
        rate, room = Rate(1_000, time.monotonic), Room(1_000)
        collector = collector_of((EventsFront(),), WriteKeys({}), intake, rate, room, sources)
        told = []
        for text in ("sources: [", "sources:\n  shop: {legal_basis: consent}\n"):
            file.write_text(text)
            sources.look()
            answer = await collector._ready(make_mocked_request("GET", "/readyz"))
            told.append((answer.status, json.loads(str(answer.text)).get("sources")))
        await intake.close(5.0)
        return told

    assert asyncio.run(ask()) == [(200, "stale"), (200, None)]


def verdicts(count: int, error: EventRejected) -> list[ItemVerdict]:
    return [ItemVerdict(position, None, error, None) for position in range(count)]


def test_events_of_undeclared_sources_are_one_line_a_write_key_with_a_count_and_no_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [100.0]
    log = UndeclaredLog(logging.getLogger("touchline.collector"), lambda: now[0])
    undeclared = SourceUndeclared("jane.doe", {"shop": None})
    other_fault = EventRejected(Rejection(Reason.WRONG_TYPE, "time"))
    with caplog.at_level(logging.WARNING, logger="touchline.collector"):
        log.note("web", verdicts(5, other_fault))
        log.note("web", verdicts(1, undeclared))
        for _ in range(288):
            log.note("web", verdicts(1, undeclared))
        log.note("desk", [*verdicts(2, undeclared), *verdicts(1, other_fault)])
        now[0] += TELL_SECONDS
        log.note("web", verdicts(1, undeclared))
    said = [vars(record)["fields"] for record in caplog.records]
    assert [(one["write_key"], one["events"]) for one in said] == [("web", 1), ("desk", 2), ("web", 289)]
    assert "jane" not in str(said)


def test_while_the_first_request_waits_too_long_others_are_refused_with_429_in_their_own_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fronts: Sequence[Front] = (EventsFront(), *fronts_of(shipped_names, str))

    async def ask() -> list[tuple[int, str, dict[str, object]]]:
        intake = Intake(InMemoryProducer(), has_outbox=True)
        collector = collector_of(fronts, WriteKeys({}), intake, Rate(1_000, time.monotonic), Room(1_000))
        monkeypatch.setattr(Intake, "waits_seconds", collector._settings.collector_wait_seconds + 0.1)
        told = []
        for front in fronts[:2]:
            request = make_mocked_request("POST", front.paths[0])
            answer = await collector._as_problem(request, collector._handler_of(front))
            assert isinstance(answer, web.Response)
            told.append((answer.status, answer.headers["Retry-After"], json.loads(str(answer.text))))
        await intake.close(5.0)
        return told

    native, segment = asyncio.run(ask())
    assert native[:2] == segment[:2] == (429, "5")
    assert native[2]["title"] == "more comes than can be taken"
    assert segment[2]["code"] == "too_many_requests"
