"""The kiosk: what it kept offline comes once, at the time at which it was given."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.answering import EXPIRES_US, NOW, Visitor, World
from touchline.errors import EngineUnreachable
from touchline.schemas.times import US_PER_HOUR, format_time
from touchline.service.problem import RequestRefused

HOUR_MS = 3_600_000
SENT_MS = 1_111_111_111_111
"""By the kiosk's clock, which is years off."""
SCANS = [f"{number:032x}" for number in range(1, 9)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def given(number: int, answer: str = "4", hours_ago: float = 0, **more: object) -> dict[str, Any]:
    at = round(SENT_MS - hours_ago * HOUR_MS)
    return {"scan": SCANS[number], "at": at, "answer": answer, "comment": "", "language": "it", **more}


def test_the_page_has_the_question_in_all_languages_and_nothing_inline(world: World) -> None:
    link = world.place()
    (page,) = world.visit(lambda visitor: visitor.get(f"/k/{link}", Accept_Language="fr"))
    assert '<html lang="fr">' in page.text
    for wording in world.question("csat_here").wordings.values():
        assert wording.text in page.text
    assert len(re.findall(r'<section lang="\w+">', page.text)) == 1
    assert len(re.findall(r'<section lang="\w+" hidden="">', page.text)) == 3
    assert re.search(r"<script>|style=|onclick", page.text) is None
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert world.events() == []


def test_only_a_link_of_a_place_opens_a_kiosk(world: World) -> None:
    link = world.asks()
    page, sent = world.visit(
        lambda visitor: visitor.get(f"/k/{link}"),
        lambda visitor: visitor.post_json(f"/k/{link}", {"sent_at": SENT_MS, "answers": [given(0)]}),
    )
    assert page.status == 404
    assert sent.json() == {"taken": [], "refused": {SCANS[0]: "invalid"}}
    assert world.events() == []


def test_answers_that_were_kept_count_once_at_their_time_by_our_clock(world: World) -> None:
    link = world.place()
    sent = {"sent_at": SENT_MS, "answers": [given(0, hours_ago=20), given(1, "2")]}

    async def twice(visitor: Visitor) -> list[Any]:
        return [(await visitor.post_json(f"/k/{link}", sent)).json() for _ in range(2)]

    (answers,) = world.visit(twice)
    assert answers == [{"taken": SCANS[:2], "refused": {}}] * 2
    events = world.events()
    assert world.told() == [("complete", 4.0), ("complete", 2.0)]
    assert [one["time"] for one in events] == [format_time(NOW - 20 * US_PER_HOUR), format_time(NOW)]
    assert {(one["place"], one["language"], one["anonymous"]) for one in events} == {("store-12", "it", True)}


def test_whoever_touched_the_screen_was_shown_the_question_once_and_may_answer(world: World) -> None:
    link = world.place()
    touched = {"sent_at": SENT_MS, "answers": [given(0, "", hours_ago=3, shown=True), given(1, "", shown=True)]}
    answered = {"sent_at": SENT_MS, "answers": [given(0, hours_ago=3), given(0, "", hours_ago=3, shown=True)]}

    async def go(visitor: Visitor) -> list[Any]:
        return [(await visitor.post_json(f"/k/{link}", one)).json() for one in (touched, answered)]

    ((seen, done),) = world.visit(go)
    assert seen == {"taken": SCANS[:2], "refused": {}}
    assert done == {"taken": [SCANS[0]] * 2, "refused": {}}
    assert world.told() == [("shown", None), ("shown", None), ("complete", 4.0)]
    first, _, last = world.events()
    assert first["id"] == last["id"]
    assert first["time"] == format_time(NOW - 3 * US_PER_HOUR)
    assert (first["place"], first["anonymous"], first["survey"]) == ("store-12", True, "place_link")


def test_what_was_shown_stays_with_the_kiosk_until_it_is_safe(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    link = world.place()
    touched = {"sent_at": SENT_MS, "answers": [given(0, "", shown=True)]}

    async def go(visitor: Visitor) -> list[int]:
        with monkeypatch.context() as broken:
            broken.setattr(world.producer, "emit_many", _away)
            first = await visitor.post_json(f"/k/{link}", touched)
        return [first.status, (await visitor.post_json(f"/k/{link}", touched)).status]

    assert world.visit(go) == [[503, 200]]
    assert world.told() == [("shown", None)]


def _away(*_: object, **__: object) -> int:
    raise EngineUnreachable("Kafka is away", "bring it back")


def test_what_will_never_be_taken_is_named_with_the_reason(world: World) -> None:
    link = world.place()
    answers = [given(0, "9"), given(1, hours_ago=49), given(2, hours_ago=-5), given(3)]
    (sent,) = world.visit(lambda visitor: visitor.post_json(f"/k/{link}", {"sent_at": SENT_MS, "answers": answers}))
    assert sent.json() == {"taken": SCANS[2:4], "refused": {SCANS[0]: "empty", SCANS[1]: "too_old"}}
    assert {one["time"] for one in world.events()} == {format_time(NOW)}


def test_an_answer_of_before_the_end_of_the_link_counts_and_a_later_one_does_not(world: World) -> None:
    link = world.place()
    world.now_us = EXPIRES_US + US_PER_HOUR
    answers = [given(0, hours_ago=2), given(1)]
    (sent,) = world.visit(lambda visitor: visitor.post_json(f"/k/{link}", {"sent_at": SENT_MS, "answers": answers}))
    assert sent.json() == {"taken": [SCANS[0]], "refused": {SCANS[1]: "expired"}}


def test_an_open_question_is_answered_by_its_text(world: World) -> None:
    link = world.place("better")
    answers = [given(0, "", comment="Più luce"), given(1, "")]
    (sent,) = world.visit(lambda visitor: visitor.post_json(f"/k/{link}", {"sent_at": SENT_MS, "answers": answers}))
    assert sent.json() == {"taken": [SCANS[0]], "refused": {SCANS[1]: "empty_text"}}
    assert [one["comment"] for one in world.events()] == ["Più luce"]


def test_what_cannot_be_kept_now_stays_with_the_kiosk(world: World) -> None:
    link = world.place()
    world.fails = RequestRefused(503, "ClickHouse is away", "start it", retry_after=2)
    (sent,) = world.visit(lambda visitor: visitor.post_json(f"/k/{link}", {"sent_at": SENT_MS, "answers": [given(0)]}))
    assert sent.status == 503


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"sent_at": "now", "answers": []},
        {"sent_at": SENT_MS, "answers": [{"scan": "x"}]},
        {"sent_at": SENT_MS, "answers": [given(0, scan="4711")]},
        {"sent_at": SENT_MS, "answers": [given(0, at=-1)]},
        {"sent_at": SENT_MS, "answers": [given(0, shown="4711")]},
        {"sent_at": SENT_MS, "answers": [given(0)] * 51},
    ],
)
def test_what_no_kiosk_sends_is_refused_without_its_values(world: World, document: object) -> None:
    link = world.place()
    (sent,) = world.visit(lambda visitor: visitor.post_json(f"/k/{link}", document))
    assert sent.status == 400
    assert "4711" not in sent.text
    assert world.events() == []
