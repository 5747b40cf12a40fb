"""The ways to ask without a network: routes of the surveys over a ledger that a test writes."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import Mock
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request

from touchline.metrics.declared import SURVEYS
from touchline.metrics.meter import Meter
from touchline.producers.collector.access import WriteKeys
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import Rate
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import read_sources
from touchline.schemas.times import US_PER_HOUR, US_PER_SECOND
from touchline.service.problem import RequestRefused
from touchline.settings import Settings
from touchline.surveys.asks import Ask, StoredAsk
from touchline.surveys.links import Link, sign
from touchline.surveys.policies import load_policy
from touchline.surveys.questions import Question, load_catalogue
from touchline.surveys.server import desk as desk_module
from touchline.surveys.server.app import Surveys
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.ways import taking
from touchline.surveys.server.ways.build import ways

NOW = 1_760_000_000_000_000
SECRET = bytes(range(32))
PERSON = ("loyalty", f"k1:{'a' * 64}")
ASK_ID = "5b0f5f7d3f1e4f0c8a7d1c2e9b604713"
ORIGIN = "https://shop.example"
URL = "https://ask.example"
KEY = f"till.{'t' * 32}"
OTHER_KEY = f"shop.{'s' * 32}"
BROWSER_KEY = f"page.{'b' * 32}"
_KEYS = f"{KEY} surveys\n{OTHER_KEY} retail-pos\n{BROWSER_KEY} surveys browser:store_purchase\n"
SOURCES = read_sources("sources:\n  surveys: {legal_basis: legitimate_interests}\n", "sources.yaml").sources
EXPIRES_US = NOW + 24 * US_PER_HOUR


class Answer(NamedTuple):
    """What was answered."""

    status: int
    text: str
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The body, where it is JSON."""
        return json.loads(self.text)

    def hidden(self, name: str) -> str:
        """What a form of the page would send back."""
        found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)">', self.text)
        assert found, name
        return found[1]


class World:
    """Surveys with all their ways. `ledger` holds the asks that stand, `fails` is raised by readings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
        self.ledger: dict[str, StoredAsk] = {}
        self.fails: Exception | None = None
        self.now_us = NOW
        self.about_us: int | None = None
        self.is_over = True
        self.failing = False
        self.rate = 100.0
        self.waits_for = "the workers"
        self.producer = InMemoryProducer(sources=SOURCES)
        self.catalogue = load_catalogue()
        self._settings = Settings().with_changes(surveys_origins=[ORIGIN], **changes)
        monkeypatch.setattr(desk_module, "read_ask", lambda _client, _source, ask_id: self.ledger.get(ask_id))
        monkeypatch.setattr(taking, "read_time", lambda *_: self.about_us)

    def question(self, name: str) -> Question:
        return self.catalogue.questions[name]

    def asks(self, question: str = "nps_here", disposition: Any = "invited", **changes: Any) -> str:
        """Puts an ask of a person into the ledger; returns its link."""
        one = self.question(question)
        ends = (one.scale.min, one.scale.max)
        ask = Ask(
            *(ASK_ID, one.id, one.version, "en", one.kpi, one.variant, one.scope, *ends, (PERSON,), "store_purchase"),
            *("retail-pos", "r1", "till", 1, 0.5, NOW - US_PER_HOUR, EXPIRES_US),
        )
        self.ledger[ASK_ID] = StoredAsk(ask._replace(**changes), disposition, NOW - US_PER_HOUR)
        return sign(SECRET, Link("ask", EXPIRES_US // US_PER_SECOND, "", ASK_ID))

    def place(self, question: str = "csat_here", language: str = "") -> str:
        """A link of a place."""
        end = EXPIRES_US // US_PER_SECOND
        return sign(SECRET, Link("place", end, language, "", "store-12", "store_visit", question))

    def require(self) -> None:
        if not self.is_over:
            raise RequestRefused(503, "just started", "wait")

    async def read(self, reading: Callable[[Any], Any]) -> Any:
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails
        return reading(None)

    def events(self) -> list[dict[str, Any]]:
        """As Kafka gets them."""
        self.producer.flush()
        return self.producer.events

    def told(self) -> list[tuple[str, object]]:
        """Disposition and score of each answer event."""
        return [(one["disposition"], one.get("score")) for one in self.events() if "disposition" in one]

    def visit(self, *steps: Callable[[Visitor], Any]) -> list[Any]:
        """What each step finds, one after the other, with one server."""

        async def go() -> list[Any]:
            visitor = Visitor(self._server())
            return [await step(visitor) for step in steps]

        return asyncio.run(go())

    def _server(self) -> Surveys:
        meter = Meter(SURVEYS)
        intake = Intake(self.producer, has_outbox=True)
        policy = load_policy("recommendation")
        given: Any = (policy, self.catalogue, SECRET, "surveys", "en", self, intake, meter, lambda: self.now_us)
        desk = Desk(*given)
        keys, persons = WriteKeys.from_text(_KEYS, Path("write_keys")), PersonKeys("k1", bytes(32))
        catch_up: Any = self
        routes = ways(self._settings, desk, catch_up)
        return Surveys(desk, keys, persons, Rate(self.rate, lambda: 0.0), meter, catch_up, routes, URL)


class Visitor:
    """Who opens links."""

    def __init__(self, server: Surveys) -> None:
        self._server = server

    async def get(self, path: str, **headers: str) -> Answer:
        return await self._send("GET", path, b"", headers)

    async def post(self, path: str, **form: str) -> Answer:
        """Send a form, and follow where that leads."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._send("POST", path, urlencode(form).encode(), headers)
        return await self.get(answer.headers["Location"]) if answer.status == 303 else answer

    async def post_json(self, path: str, document: object, **headers: str) -> Answer:
        headers = {"Content-Type": "application/json", **headers}
        return await self._send("POST", path, json.dumps(document).encode(), headers)

    async def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        content = StreamReader(Mock(), 1 << 20)
        content.feed_data(body)
        content.feed_eof()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = make_mocked_request(method, path, headers=named, payload=content, client_max_size=16 << 10)
        match = await self._server.app.router.resolve(request)
        request._match_info = match
        answer = await self._server._as_problem(request, match.handler)
        assert isinstance(answer, web.Response)
        for hook in self._server.app.on_response_prepare:
            await hook(request, answer)
        raw = answer.body
        return Answer(answer.status, raw.decode() if isinstance(raw, bytes) else "", answer.headers)
