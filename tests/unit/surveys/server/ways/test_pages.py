"""The question page: what is shown, what is taken, and what a second answer, an old link or a forged one finds."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.support.answering import ASK_ID, EXPIRES_US, NOW, PERSON, Answer, Visitor, World
from touchline.errors import EngineUnreachable
from touchline.schemas.times import US_PER_SECOND, format_time
from touchline.service.problem import RequestRefused

LANGUAGES = ("en", "de", "fr", "it")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_score_and_then_a_comment_are_one_answer_of_the_right_person(world: World) -> None:
    link = world.asks()

    async def answers(visitor: Visitor) -> list[Answer]:
        shown = await visitor.get(f"/q/{link}", Accept_Language="de-CH, en;q=0.5")
        asked_why = await visitor.post(f"/q/{link}", answer="7", language=shown.hidden("language"))
        said = {name: asked_why.hidden(name) for name in ("said", "seal", "language")}
        return [shown, asked_why, await visitor.post(f"/q/{link}", comment="  zu\r\nlangsam ", **said)]

    ((shown, asked_why, thanked),) = world.visit(answers)
    assert '<html lang="de">' in shown.text
    assert "Was ist der wichtigste Grund" in asked_why.text
    assert "Vielen Dank" in thanked.text
    assert world.told() == [("shown", None), ("partial", 7.0), ("complete", 7.0)]
    last = world.events()[-1]
    assert (last["id"], last["language"], last["comment"]) == (ASK_ID, "de", "zu\nlangsam")
    assert last["persons"] == [{"type": PERSON[0], "key": PERSON[1]}]
    assert (last["kpi"], last["survey"], last["sampling_probability"]) == ("nps", "till", 0.5)
    assert last["about"] == {"touchpoint": "store_purchase", "source": "retail-pos", "event_id": "r1"}


def test_a_link_that_a_program_opens_is_no_answer(world: World) -> None:
    link = world.asks()
    (opened, sent) = world.visit(
        lambda visitor: visitor.get(f"/q/{link}/9"), lambda visitor: visitor.post(f"/q/{link}", answer="9")
    )
    assert re.search(r'value="9" required="" checked=""', opened.text)
    assert "Your answer is not sent yet." in opened.text
    assert world.told() == [("started", None), ("partial", 9.0)]
    assert sent.status == 200


def test_a_score_that_the_scale_does_not_have_is_not_chosen(world: World) -> None:
    link = world.asks()
    (opened,) = world.visit(lambda visitor: visitor.get(f"/q/{link}/11"))
    assert "checked" not in opened.text
    assert world.told() == [("shown", None)]


def test_of_two_submits_at_once_one_is_taken_and_both_are_thanked(world: World) -> None:
    link = world.asks()

    async def both(visitor: Visitor) -> Any:
        return await asyncio.gather(*(visitor.post(f"/q/{link}", answer="7") for _ in range(3)))

    ((first, *others),) = world.visit(both)
    assert {one.text for one in others} == {first.text}
    assert world.told() == [("partial", 7.0)]


def test_another_answer_later_changes_nothing_and_is_told_so(world: World) -> None:
    link = world.asks()

    async def again(visitor: Visitor) -> list[Answer]:
        first = await visitor.post(f"/q/{link}", answer="7")
        second = await visitor.post(f"/q/{link}", answer="2")
        said = {name: first.hidden(name) for name in ("said", "seal")}
        await visitor.post(f"/q/{link}", **said)
        return [second, await visitor.post(f"/q/{link}", **said, comment="x"), await visitor.get(f"/q/{link}")]

    ((second, third, opened),) = world.visit(again)
    assert ["We have your answer already" in one.text for one in (second, third, opened)] == [True] * 3
    assert [one.status for one in (second, third, opened)] == [200] * 3
    assert world.told() == [("partial", 7.0), ("complete", 7.0)]


def test_loading_the_thanks_again_sends_nothing_and_shows_no_comment_twice(world: World) -> None:
    link = world.asks()

    async def load(visitor: Visitor) -> list[Answer]:
        first = await visitor.post(f"/q/{link}", answer="7")
        said = {name: first.hidden(name) for name in ("said", "seal")}
        page = f"/q/{link}?said={said['said']}&seal={said['seal']}"
        loaded = await visitor.get(page)
        forged = await visitor.get(page.replace("said=7", "said=9"))
        await visitor.post(f"/q/{link}", **said)
        return [loaded, forged, await visitor.get(page), await visitor.get(f"{page}&thanks=1")]

    ((loaded, forged, after, thanked),) = world.visit(load)
    assert ["<textarea" in one.text for one in (loaded, forged, after, thanked)] == [True, False, False, False]
    assert "Thank you for your answer." in thanked.text
    assert [disposition for disposition, _ in world.told()] == ["partial", "complete"]


def test_what_was_said_before_cannot_be_made_up(world: World) -> None:
    link = world.asks()

    async def forge(visitor: Visitor) -> Answer:
        first = await visitor.post(f"/q/{link}", answer="2")
        return await visitor.post(f"/q/{link}", said="10", seal=first.hidden("seal"))

    ((forged),) = world.visit(forge)
    assert forged.status == 404
    assert world.told() == [("partial", 2.0)]


def test_who_will_not_answer_is_believed_and_may_think_again(world: World) -> None:
    link = world.asks()
    dismissed, answered = world.visit(
        lambda visitor: visitor.post(f"/q/{link}", dismiss="1"), lambda visitor: visitor.post(f"/q/{link}", answer="7")
    )
    assert "we will not ask this again" in dismissed.text
    assert answered.status == 200
    assert world.told() == [("dismissed", None), ("partial", 7.0)]


@pytest.mark.parametrize(("form", "said"), [({}, "Choose an answer"), ({"answer": "11"}, "Choose an answer")])
def test_without_an_answer_the_page_says_what_is_missing(world: World, form: dict[str, str], said: str) -> None:
    link = world.asks()
    (answer,) = world.visit(lambda visitor: visitor.post(f"/q/{link}", **form))
    assert answer.status == 422
    assert re.search(rf'role="alert">{said}', answer.text)
    assert world.events() == []


def test_an_open_question_needs_a_text_of_bearable_length(world: World) -> None:
    link = world.asks("better")
    empty, long, sent = world.visit(
        lambda visitor: visitor.post(f"/q/{link}", comment=" "),
        lambda visitor: visitor.post(f"/q/{link}", comment="x" * 1_001),
        lambda visitor: visitor.post(f"/q/{link}", comment="x" * 1_000),
    )
    assert (empty.status, long.status, sent.status) == (422, 422, 200)
    assert "This text is too long" in long.text
    assert [(one["disposition"], len(one["comment"])) for one in world.events()] == [("complete", 1_000)]


def test_a_feeling_has_its_point_of_the_scale_and_its_name(world: World) -> None:
    link = world.asks("emotion")
    world.visit(lambda visitor: visitor.post(f"/q/{link}", answer="confusion"))
    (event,) = world.events()
    assert (event["score"], event["properties"]["option"]) == (2.0, "confusion")


def test_how_somebody_heard_of_us_is_a_touchpoint_that_they_declare_before_the_event_asked_about(world: World) -> None:
    link = world.asks("heard_of_us")
    world.about_us = NOW - 3 * US_PER_SECOND
    world.visit(*[lambda visitor: visitor.post(f"/q/{link}", answer="friend")] * 2)
    answer, touchpoint = world.events()
    assert (answer["disposition"], answer.get("score"), answer["properties"]["option"]) == ("complete", None, "friend")
    assert (touchpoint["id"], touchpoint["provenance"]) == (f"{ASK_ID}.friend", "declared")
    assert (touchpoint["touchpoint"], touchpoint["persons"]) == ("word_of_mouth", answer["persons"])
    assert touchpoint["properties"] == {"confidence": 0.5, "span_days": 365}
    assert touchpoint["time"] == format_time(NOW - 3 * US_PER_SECOND - 1)


def test_each_scan_at_a_place_is_an_answer_of_its_own_and_of_nobody(world: World) -> None:
    link = world.place()

    async def scan(visitor: Visitor) -> Answer:
        shown = await visitor.get(f"/q/{link}")
        form = {"answer": "4", "scan": shown.hidden("scan")}
        await visitor.post(f"/q/{link}", **form)
        return await visitor.post(f"/q/{link}", **form)

    world.visit(scan, scan)
    scans = [one for one in world.events() if one["disposition"] == "partial"]
    assert len({one["id"] for one in scans}) == len(scans) == 2
    assert {(one["place"], one["about"]["touchpoint"], one["anonymous"], "persons" in one) for one in scans} == {
        ("store-12", "store_visit", True, False)
    }
    assert {one["survey"] for one in scans} == {"place_link"}


def test_a_scan_that_somebody_chooses_is_the_ask_of_no_one_else(world: World) -> None:
    world.asks()
    link = world.place("nps_here")
    refused, taken = world.visit(
        lambda visitor: visitor.post(f"/q/{link}", answer="0", scan="x"),
        lambda visitor: visitor.post(f"/q/{link}", answer="0", scan=ASK_ID),
    )
    assert (refused.status, taken.status) == (404, 200)
    assert [one["id"] for one in world.events() if one["id"] == ASK_ID] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_way_speaks_one_language(world: World, language: str) -> None:
    link = world.asks()

    async def read(visitor: Visitor) -> list[Answer]:
        shown = await visitor.get(f"/q/{link}?language={language}", Accept_Language="xx")
        why = await visitor.post(f"/q/{link}", answer="7", language=language)
        form = {name: why.hidden(name) for name in ("said", "seal", "language")}
        return [shown, why, await visitor.post(f"/q/{link}", **form)]

    (pages,) = world.visit(read)
    assert [one.headers["Content-Language"] for one in pages] == [language] * 3
    wording = world.question("nps_here").wordings[language]
    for page, text in zip(pages, (wording.text, wording.comment, wording.thanks), strict=True):
        assert text in page.text
    assert world.events()[-1]["language"] == language


def test_a_link_that_is_over_forged_or_of_nothing_says_so_and_nothing_of_the_rest(world: World) -> None:
    link = world.asks()
    forged = link[:-1] + ("A" if link[-1] != "A" else "B")
    del world.ledger[ASK_ID]
    unknown, wrong, garbage = world.visit(
        *[lambda visitor, one=one: visitor.get(f"/q/{one}") for one in (link, forged, "x")]
    )
    assert {one.status for one in (unknown, wrong, garbage)} == {404}
    assert len({one.text for one in (unknown, wrong, garbage)}) == 1
    world.asks()
    world.now_us = EXPIRES_US
    over, posted = world.visit(
        lambda visitor: visitor.get(f"/q/{link}", Accept_Language="it"),
        lambda visitor: visitor.post(f"/q/{link}", answer="7"),
    )
    assert (over.status, posted.status) == (410, 410)
    assert "Il tempo per rispondere è scaduto." in over.text
    assert world.events() == []


@pytest.mark.parametrize("disposition", ["eligible", "not_sampled"])
def test_who_was_not_chosen_cannot_answer_by_a_link(world: World, disposition: str) -> None:
    link = world.asks(disposition=disposition)
    (answer,) = world.visit(lambda visitor: visitor.post(f"/q/{link}", answer="7"))
    assert (answer.status, world.events()) == (404, [])


def test_words_that_are_asked_no_more_are_not_mixed_with_new_ones(world: World) -> None:
    link = world.asks(version="0")
    (answer,) = world.visit(lambda visitor: visitor.get(f"/q/{link}"))
    assert (answer.status, "no longer asked" in answer.text) == (410, True)


def test_what_cannot_be_kept_is_not_thanked_for(world: World) -> None:
    link = world.asks()

    def fails(*_: object, **__: object) -> int:
        raise EngineUnreachable("Kafka at 10.0.0.7 is away", "bring it back")

    world.producer.emit_many = fails  # type: ignore[method-assign]
    shown, answer = world.visit(
        lambda visitor: visitor.get(f"/q/{link}"), lambda visitor: visitor.post(f"/q/{link}", answer="7")
    )
    assert (shown.status, answer.status) == (200, 503)
    assert "try again in a moment" in answer.text
    assert "10.0.0.7" not in answer.text
    del world.producer.emit_many
    (answer,) = world.visit(lambda visitor: visitor.post(f"/q/{link}", answer="7"))
    assert (answer.status, world.told()) == (200, [("partial", 7.0)])


def test_without_the_ledger_or_before_the_start_is_over_the_page_asks_to_come_again(world: World) -> None:
    link = world.asks()
    world.fails = RequestRefused(503, "ClickHouse is away", "start it")
    (away,) = world.visit(lambda visitor: visitor.get(f"/q/{link}"))
    world.fails, world.is_over = None, False
    (early,) = world.visit(lambda visitor: visitor.post(f"/q/{link}", answer="7"))
    assert [(one.status, one.headers["Retry-After"]) for one in (away, early)] == [(503, "5")] * 2
    assert world.events() == []


def test_an_address_that_tries_links_out_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, surveys_visitor_requests_per_second=0.01)
    answers = world.visit(*[lambda visitor: visitor.get("/q/x")] * 3)
    assert [one.status for one in answers] == [404, 429, 429]
    assert "many requests" in answers[1].text


def test_no_page_runs_anything_or_can_be_framed_or_kept(world: World) -> None:
    link = world.asks()
    (page,) = world.visit(lambda visitor: visitor.get(f"/q/{link}"))
    assert "<script" not in page.text
    assert "style=" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_what_somebody_wrote_is_text_and_no_markup(world: World) -> None:
    link = world.asks("better")
    (page,) = world.visit(lambda visitor: visitor.post(f"/q/{link}", comment="<b>" * 400))
    assert page.status == 422
    assert "<b>" not in page.text


def test_a_form_that_is_none_or_too_large_is_refused_in_words(world: World) -> None:
    link = world.asks()
    json, large = world.visit(
        lambda visitor: visitor.post_json(f"/q/{link}", {"answer": "7"}),
        lambda visitor: visitor.post(f"/q/{link}", comment="x" * 20_000),
    )
    assert (json.status, large.status) == (404, 413)
    assert "too long" in large.text
