"""The widget: a small script, made of the source beside it, for pages of known origins alone."""

from __future__ import annotations

import hashlib
from importlib import resources

import pytest

from tests.support.answering import ORIGIN, Answer, Visitor, World
from touchline.surveys.server import ways
from touchline.surveys.server.ways.widget import SCRIPT, SCRIPT_PATH

BYTES_MAX = 6_000


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_it_has_at_most_six_kilobytes() -> None:
    assert len(SCRIPT.body) <= BYTES_MAX


def test_what_is_served_was_made_of_the_source_as_it_stands(world: World) -> None:
    source = resources.files(ways).joinpath("served", "touchline-ask.js").read_bytes()
    assert SCRIPT.body.decode().rstrip().endswith(f"//{hashlib.sha256(source).hexdigest()[:16]}"), (
        "run scripts/minify-tag"
    )
    (served,) = world.visit(lambda visitor: visitor.get(SCRIPT_PATH))
    assert served.text.encode() == SCRIPT.body
    assert served.headers["Access-Control-Allow-Origin"] == "*"


def test_it_does_nothing_that_a_strict_policy_forbids_and_keeps_nothing() -> None:
    body = SCRIPT.body.decode()
    for word in ("eval(", "Function(", "innerHTML", ".style", "cookie", "import(", "Storage"):
        assert word not in body


def test_a_question_is_answered_in_two_steps(world: World) -> None:
    link = world.asks()

    async def answer(visitor: Visitor) -> list[Answer]:
        asked = await visitor.get(f"/w/{link}?language=fr", Origin=ORIGIN)
        first = await visitor.post_json(f"/w/{link}", {"answer": "9", "language": "fr"}, Origin=ORIGIN)
        seal = {name: first.json()[name] for name in ("said", "seal")}
        last = await visitor.post_json(f"/w/{link}", {**seal, "comment": "bien", "language": "fr"}, Origin=ORIGIN)
        return [asked, first, last, await visitor.get(f"/w/{link}", Origin=ORIGIN)]

    ((asked, first, last, again),) = world.visit(answer)
    assert asked.json()["question"]["text"] == world.question("nps_here").wordings["fr"].text
    assert asked.json()["points"] == list(range(11))
    assert {one.headers["Access-Control-Allow-Origin"] for one in (asked, first, last)} == {ORIGIN}
    assert [one.json()["state"] for one in (first, last, again)] == ["commenting", "thanks", "again"]
    assert world.told() == [("shown", None), ("partial", 9.0), ("complete", 9.0)]


def test_pages_of_other_origins_neither_ask_nor_answer(world: World) -> None:
    link = world.asks()
    other = {"Origin": "https://other.example"}
    answers = world.visit(
        lambda visitor: visitor.get(f"/w/{link}", **other),
        lambda visitor: visitor.post_json(f"/w/{link}", {"answer": "9"}, **other),
    )
    assert [one.status for one in answers] == [403, 403]
    assert all("Access-Control-Allow-Origin" not in one.headers for one in answers)
    assert "surveys_origins" in answers[0].text
    assert world.events() == []


def test_a_link_that_leads_nowhere_is_a_problem_that_the_page_may_read(world: World) -> None:
    (answer,) = world.visit(lambda visitor: visitor.get("/w/x", Origin=ORIGIN))
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (404, ORIGIN)


@pytest.mark.parametrize("document", [[], {"answer": 7}, {"answer": "7", "scan": 1}])
def test_what_is_no_answer_is_refused(world: World, document: object) -> None:
    link = world.asks()
    (answer,) = world.visit(lambda visitor: visitor.post_json(f"/w/{link}", document, Origin=ORIGIN))
    assert (answer.status, world.events()) == (400, [])


def test_an_answer_at_a_place_needs_the_scan_that_came_with_the_question(world: World) -> None:
    link = world.place()

    async def answer(visitor: Visitor) -> list[int]:
        asked = await visitor.get(f"/w/{link}", Origin=ORIGIN)
        without = await visitor.post_json(f"/w/{link}", {"answer": "4"}, Origin=ORIGIN)
        scan = asked.json()["scan"]
        return [without.status, (await visitor.post_json(f"/w/{link}", {"answer": "4", "scan": scan})).status]

    assert world.visit(answer) == [[400, 200]]
