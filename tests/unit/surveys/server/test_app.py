"""`/v1/ask`: who may ask, what is answered, and what is written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from touchline.errors import EngineUnreachable, WrongUsage
from touchline.metrics.declared import DECISIONS, SURVEYS
from touchline.metrics.meter import Meter
from touchline.producers.collector.access import WriteKeys
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import Rate
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.journey.read import load_map
from touchline.schemas.sources import read_sources
from touchline.schemas.times import US_PER_HOUR
from touchline.service.problem import RequestRefused
from touchline.settings import PACKAGED_JOURNEYS_DIR
from touchline.surveys.decide import ConsentState, EventFacts, PersonFacts
from touchline.surveys.policies import parse_policy
from touchline.surveys.questions import load_catalogue
from touchline.surveys.server import desk as desk_module
from touchline.surveys.server.app import Surveys
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.ledger_facts import NOBODY, Found, Wanted
from touchline.surveys.server.serve import require_source

NOW = 1_760_000_000_000_000
KEY = f"shop.{'s' * 32}"
BROWSER = f"page.{'b' * 32}"
OTHER = f"till.{'t' * 32}"
PERSON = f"k1:{'a' * 64}"
KEYS = f"{KEY} surveys\n{OTHER} retail-pos\n{BROWSER} surveys browser:store_purchase\n"
SOURCES = read_sources("sources:\n  surveys: {legal_basis: legitimate_interests}\n", "sources.yaml").sources
POLICY = """\
policy: till
version: 1
title: After the till
questions:
  - {question: nps_here, ask: {touchpoints: [store_purchase]}}
fatigue:
  - {id: daily, scope: global, counts: shown, at_most: 1, within_hours: 24}
"""
EVENT = EventFacts("retail-pos", "r1", NOW - US_PER_HOUR, "store_purchase", persons=(("loyalty", PERSON),))
FOUND = Found(frozenset({PERSON}), (EVENT,), PersonFacts((), (ConsentState("contact_me", True, 0),)))


class _World:
    """A server over facts that a test gives; `asked` is what was read of the ledger."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rate: float = 100.0) -> None:
        self.found: Found | Exception = FOUND
        self.asked: list[tuple[tuple[str, ...], Wanted]] = []
        self.producer = InMemoryProducer(sources=SOURCES)
        self.meter = Meter(SURVEYS)
        self.is_over = True
        self._rate = Rate(rate, lambda: 0.0)
        monkeypatch.setattr(desk_module, "read_facts", self._read_facts)

    def _read_facts(self, _client: object, keys: tuple[str, ...], wanted: Wanted, _now_us: int) -> Found:
        self.asked.append((tuple(keys), wanted))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def read(self, reading: Callable[[Any], Any]) -> Any:
        await asyncio.sleep(0)
        return reading(None)

    def require(self) -> None:
        if not self.is_over:
            raise RequestRefused(503, "just started", "wait")

    @property
    def waits_for(self) -> str:
        return "the workers"

    def server(self) -> tuple[Surveys, Desk]:
        intake = Intake(self.producer, has_outbox=True)
        policy = parse_policy(POLICY, "policy.yaml")
        desk = Desk(
            *(policy, load_catalogue(), bytes(32), "surveys", "en", self, intake, self.meter),  # type: ignore[arg-type]
            lambda: NOW,
        )
        desk._take_over(load_map(PACKAGED_JOURNEYS_DIR / "retail.yaml"))
        keys = WriteKeys.from_text(KEYS, Path("write_keys"))
        persons = PersonKeys("k1", bytes(32))
        return Surveys(desk, keys, persons, self._rate, self.meter, self), desk  # type: ignore[arg-type]

    def events(self) -> list[dict[str, Any]]:
        self.producer.flush()
        return self.producer.events


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> _World:
    return _World(monkeypatch)


def run(world: _World, *requests: Callable[[Surveys], Awaitable[web.StreamResponse]]) -> list[tuple[int, Any]]:
    """The answers to requests one after the other."""

    async def go() -> list[tuple[int, Any]]:
        server, _ = world.server()
        answers = []
        for request in requests:
            response = await request(server)
            assert isinstance(response, web.Response)
            body = response.body
            answers.append((response.status, json.loads(body) if isinstance(body, bytes) else None))
        return answers

    return asyncio.run(go())


def get(query: str, key: str | None = KEY) -> Callable[[Surveys], Awaitable[web.StreamResponse]]:
    async def ask(server: Surveys) -> web.StreamResponse:
        headers: Mapping[str, str] = {} if key is None else {"Authorization": f"Bearer {key}"}
        return await server._as_problem(make_mocked_request("GET", f"/v1/ask?{query}", headers=headers), server._ask)

    return ask


ASKED = f"person={PERSON}&touchpoint=store_purchase"


def test_a_yes_has_the_question_in_its_language_and_stands_as_one_event(world: _World) -> None:
    (first, again) = run(world, get(f"{ASKED}&language=de-CH"), get(ASKED))
    status, said = first
    assert (status, said["ask"], said["reason"], said["policy"]) == (200, True, "asked", "till")
    assert (said["question"]["language"], said["question"]["scale_max"]) == ("de", 10)
    assert said["about"]["event_id"] == "r1"
    assert (again[1]["ask"], again[1]["reason"], again[1]["ask_id"]) == (False, "already_asked", said["ask_id"])
    (event,) = world.events()
    assert (event["id"], event["disposition"], event["properties"]["reason"]) == (said["ask_id"], "sampled", "asked")
    assert world.meter.value(DECISIONS, "asked") == world.meter.value(DECISIONS, "already_asked") == 1
    assert world.asked[0] == ((PERSON,), Wanted("store_purchase"))


def test_two_questions_at_once_know_of_each_other(world: _World) -> None:
    async def both(server: Surveys) -> web.StreamResponse:
        answers = await asyncio.gather(*(get(ASKED)(server) for _ in range(5)))
        texts = [one.body for one in answers if isinstance(one, web.Response) and isinstance(one.body, bytes)]
        return web.json_response(sorted(json.loads(text)["reason"] for text in texts))

    assert run(world, both)[0][1] == ["already_asked"] * 4 + ["asked"]
    assert len(world.events()) == 1


def test_a_second_event_of_the_person_is_spared_before_the_ledger_knows_of_the_first(world: _World) -> None:
    second = FOUND._replace(events=(EVENT._replace(event_id="r2"),))

    async def later(server: Surveys) -> web.StreamResponse:
        world.found = second
        return await get(ASKED)(server)

    answers = run(world, get(ASKED), later, later)
    assert [(said["reason"], said.get("rule")) for _, said in answers] == [("asked", None), *[("fatigue", "daily")] * 2]
    assert [one["disposition"] for one in world.events()] == ["sampled", "eligible"]


def test_where_no_event_is_known_nothing_is_written(world: _World) -> None:
    world.found = NOBODY
    ((status, said),) = run(world, get(ASKED))
    assert (status, said) == (200, {"ask": False, "reason": "no_event"})
    world.found = FOUND._replace(events=(EVENT._replace(touchpoint="web_visit"),))
    ((_, said),) = run(world, get(ASKED))
    assert said["reason"] == "not_in_policy"
    assert world.events() == []


def test_a_decision_that_cannot_be_kept_is_no_decision(world: _World) -> None:
    world.producer.emit_many = _away  # type: ignore[method-assign]

    async def back(server: Surveys) -> web.StreamResponse:
        del world.producer.emit_many
        return await get(ASKED)(server)

    (status, said), (_, again) = run(world, get(ASKED), back)
    assert (status, said["title"]) == (503, "decisions cannot be kept now")
    assert again["reason"] == "asked"


def _away(*_: object, **__: object) -> int:
    raise EngineUnreachable("Kafka at 10.0.0.7 is away", "bring it back")


def test_a_source_that_is_no_longer_declared_keeps_no_decision(world: _World) -> None:
    world.producer.declare({})
    ((status, said),) = run(world, get(ASKED))
    assert (status, said["title"]) == (503, "decisions cannot be kept now")


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [
        (None, 401, "the request has no write key"),
        ("x.y", 401, "the write key is not known"),
        (OTHER, 403, "this write key may not ask"),
        (BROWSER, 403, "this write key may not ask"),
    ],
)
def test_who_has_no_key_for_the_surveys_hears_nothing(world: _World, key: str | None, status: int, said: str) -> None:
    assert [(code, document["title"]) for code, document in run(world, get(ASKED, key))] == [(status, said)]
    assert world.asked == []


def test_a_key_that_asks_too_fast_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = run(_World(monkeypatch, rate=0.5), get(ASKED), get(ASKED))
    assert [status for status, _ in answers] == [200, 429]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("touchpoint=x", "person"),
        ("person=4711&touchpoint=x", "person"),
        (f"person={PERSON}", None),
        (f"person={PERSON}&touchpoint=x&source=a&event_id=b", None),
        (f"person={PERSON}&source=a", None),
        (f"person={PERSON}&touchpoint=", "touchpoint"),
        (f"person={PERSON}&touchpoint={'x' * 300}", "touchpoint"),
        ("identifier=4711&touchpoint=x", "identifier"),
        (f"person={PERSON}&touchpoint=x&secret=4711", None),
    ],
)
def test_what_cannot_be_read_is_said_without_its_value(world: _World, query: str, field: str | None) -> None:
    ((status, said),) = run(world, get(query))
    assert (status, said.get("field")) == (400, field)
    assert "4711" not in json.dumps(said)


def test_nobody_is_asked_before_what_was_sent_before_the_start_is_stored(world: _World) -> None:
    world.is_over = False
    assert [status for status, _ in run(world, get(ASKED))] == [503]


def test_an_ask_is_found_as_it_was_said_last(world: _World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> tuple[Any, Any]:
        server, desk = world.server()
        await get(ASKED)(server)
        (key,) = desk.remembered._held
        sampled = await desk.find(key)
        assert sampled is not None
        await desk.write(sampled._replace(disposition="complete", time_us=NOW + 1), score=9)
        return sampled, await desk.find(key)

    monkeypatch.setattr(desk_module, "read_ask", lambda *_: None)
    sampled, complete = asyncio.run(go())
    assert (sampled.disposition, complete.disposition) == ("sampled", "complete")
    assert sampled.ask == complete.ask
    assert [(one["disposition"], one.get("score")) for one in world.events()] == [("sampled", None), ("complete", 9.0)]


def test_the_source_of_the_surveys_is_declared_and_not_under_consent() -> None:
    with pytest.raises(WrongUsage) as error:
        require_source({}, "surveys")
    assert "`surveys: {legal_basis: legitimate_interests}`" in error.value.hint
    under = read_sources("sources:\n  surveys: {legal_basis: consent, purposes: [analytics]}\n", "s.yaml").sources
    with pytest.raises(WrongUsage, match="works under consent"):
        require_source(under, "surveys")
    require_source(SOURCES, "surveys")
