"""What the company's own sender says of an invitation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.answering import ASK_ID, NOW, World
from touchline.schemas.times import format_time
from touchline.service.problem import RequestRefused
from touchline.surveys.server.inviting.reports import take_report


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def report(world: World, body: bytes, ask_id: str = ASK_ID) -> Any:
    async def step(visitor: Any) -> Any:
        return await take_report(visitor._server._desk, ask_id, body)

    return world.visit(step)[0]


def test_a_report_brings_the_ask_as_far_as_it_says(world: World) -> None:
    world.asks()
    said = report(world, f'{{"disposition": "delivered", "time": "{format_time(NOW - 5)}"}}'.encode())
    assert said == {"id": ASK_ID, "disposition": "delivered"}
    (event,) = world.events()
    assert (event["id"], event["disposition"], event["time"]) == (ASK_ID, "delivered", format_time(NOW - 5))


def test_a_report_that_comes_after_the_answer_changes_nothing(world: World) -> None:
    world.asks(disposition="complete")
    assert report(world, b'{"disposition": "bounced"}')["disposition"] == "complete"
    assert world.events() == []


@pytest.mark.parametrize("ask_id", ["0" * 32, "4711", "A" * 32])
def test_of_an_ask_that_nobody_was_sent_nothing_is_taken(world: World, ask_id: str) -> None:
    with pytest.raises(RequestRefused, match="nobody was invited by this id") as told:
        report(world, b'{"disposition": "delivered"}', ask_id)
    assert told.value.status == 404


def test_an_ask_that_was_only_eligible_was_not_sent(world: World) -> None:
    world.asks(disposition="eligible")
    with pytest.raises(RequestRefused, match="nobody was invited"):
        report(world, b'{"disposition": "delivered"}')


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"no", ""),
        (b"[]", ""),
        (b'{"disposition": "complete"}', "disposition"),
        (b'{"disposition": ["delivered"]}', "disposition"),
        (b'{"disposition": "delivered", "score": 9}', ""),
        (b'{"disposition": "delivered", "time": "soon"}', "time"),
        (b'{"disposition": "delivered", "time": 5}', "time"),
        (b'{"disposition": "delivered", "time": "2090-01-01T00:00:00Z"}', "time"),
    ],
)
def test_what_is_no_report_is_refused_with_the_field(world: World, body: bytes, field: str) -> None:
    world.asks()
    with pytest.raises(RequestRefused) as told:
        report(world, body)
    assert (told.value.status, told.value.field) == (400, field)
    assert world.events() == []
