"""By which map and how much in mind the desk decides."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.surveys.server.test_app import FOUND, PERSON, _World
from tests.unit.surveys.test_asks import ASK, NOW
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import load_map
from touchline.service.problem import RequestRefused
from touchline.settings import PACKAGED_JOURNEYS_DIR
from touchline.surveys.asks import StoredAsk
from touchline.surveys.server import desk as desk_module
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.ledger_facts import Wanted
from touchline.surveys.server.remembered import KEPT_US


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> _World:
    return _World(monkeypatch)


def within(world: _World, doing: Callable[[Desk], Any]) -> Any:
    """What is done with the desk of a running server."""

    async def go() -> Any:
        return await doing(world.server()[1])

    return asyncio.run(go())


def retail() -> JourneyMap:
    return load_map(PACKAGED_JOURNEYS_DIR / "retail.yaml")


def test_a_map_that_the_policy_does_not_fit_leaves_the_one_before(
    world: _World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = retail().model_copy(update={"version": 9, "touchpoints": retail().touchpoints[:1]})
    monkeypatch.setattr(desk_module, "default_map", lambda _client: other)
    monkeypatch.setattr(desk_module, "which_stand", lambda *_: [])

    async def look(desk: Desk) -> tuple[object, str]:
        before = desk.askings
        await desk.look()
        return before is desk.askings, (await desk.ask([PERSON], Wanted("store_purchase"))).reason

    with caplog.at_level(logging.ERROR, logger="touchline.surveys"):
        assert within(world, look) == (True, "asked")
    assert [one.message for one in caplog.records] == ["map_kept"]


def test_without_a_map_nobody_is_asked(world: _World) -> None:
    async def ask(desk: Desk) -> None:
        desk._map = None
        await desk.ask([PERSON], Wanted("store_purchase"))

    with pytest.raises(RequestRefused, match="no journey map is applied"):
        within(world, ask)


def test_nobody_is_asked_where_no_more_can_be_kept_in_mind(world: _World) -> None:
    async def ask(desk: Desk) -> None:
        desk.remembered._most = 1
        desk.remembered.add(StoredAsk(ASK, "sampled", NOW), ["k1:z"], NOW)
        await desk.ask([PERSON], Wanted("store_purchase"))

    with pytest.raises(RequestRefused, match="the ledger is far behind"):
        within(world, ask)
    assert world.events() == []


def test_what_stands_in_the_ledger_is_forgotten(world: _World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "default_map", lambda _client: None)
    monkeypatch.setattr(desk_module, "which_stand", lambda _client, _source, ids: [(one, "sampled") for one in ids])

    async def look(desk: Desk) -> int:
        desk.remembered.add(StoredAsk(ASK, "sampled", NOW - KEPT_US), ["k1:z"], NOW - KEPT_US)
        await desk.look()
        return len(desk.remembered)

    assert within(world, look) == 0


def test_an_ask_of_which_the_ledger_knows_more_is_found_as_it_stands_there(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = StoredAsk(ASK, "complete", NOW + 5)
    monkeypatch.setattr(desk_module, "read_ask", lambda *_: answered)

    async def find(desk: Desk) -> StoredAsk | None:
        desk.remembered.add(StoredAsk(ASK, "shown", NOW), ["k1:z"], NOW)
        return await desk.find(ASK.id)

    assert within(world, find) == answered


def test_what_the_ledger_knows_of_an_ask_is_not_written_again(world: _World) -> None:
    async def twice(desk: Desk) -> list[str]:
        first = await desk.ask([PERSON], Wanted("store_purchase"))
        assert first.decision is not None
        desk.remembered._forget(first.decision.ask_id)
        asked = FOUND.person.asks
        assert asked == ()
        again = await desk.ask([PERSON], Wanted("store_purchase"))
        return [first.reason, again.reason]

    # The ledger of this test knows nothing of the first one: the same ask is written again, and is one event by its id.
    assert within(world, twice) == ["asked", "asked"]
    assert len({one["id"] for one in world.events()}) == 1
