"""Responses of survey tools to events: which question is which, who answered, and one answer however it grew."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.support.signed import WEBHOOKS, formbricks_body, formbricks_state, typeform_response
from touchline.producers.collector.webhooks import formbricks, generic, typeform
from touchline.producers.collector.webhooks.answers import Mapped, events_of
from touchline.producers.collector.webhooks.load import parse_webhooks
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.checking import check_event
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.times import parse_time
from touchline.schemas.versions import Version, completeness_of, winner_of

HOOKS = parse_webhooks(WEBHOOKS, "webhooks.yaml").webhooks
KIOSK = {
    "visit": {"id": 17, "at": 1_772_532_900, "card": 4711, "state": "done", "version": 2},
    "answers": [
        {"question": "smiley", "given": "4"},
        {"question": 3, "given": "sunny"},
        {"question": "empty", "given": ""},
    ],
}


def mapped(tool: str, body: Any) -> Mapped:
    if tool == "kiosk":
        where = HOOKS[tool].response
        assert where is not None
        responses = generic.responses_in(body, where)
    else:
        responses = (typeform if tool == "typeform" else formbricks).responses_in(body)
    assert responses is not None
    each = [events_of(response, HOOKS[tool]) for response in responses]
    return Mapped([event for one in each for event in one.events], [name for one in each for name in one.unmapped])


def taken(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As a producer takes them; a refusal fails the test."""
    producer = InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)))
    producer.emit_many([{**event, "source": "survey-tool"} for event in events])
    producer.flush()
    return producer.events


def test_each_named_question_of_a_form_is_an_answer_about_its_receipt() -> None:
    events, unmapped = mapped("typeform", typeform_response())
    recommend, content = events
    assert recommend == {
        "type": "touchline.answer.v1",
        "id": "after_purchase/recommend/r7k2",
        "time": "2026-03-03T10:15:00Z",
        "about": {"touchpoint": "store_purchase", "source": "retail-pos", "event_id": "receipt-1001"},
        "survey": "after_purchase",
        "question": "recommend",
        "kpi": "nps",
        "scope": "relational",
        "scale_min": 0,
        "scale_max": 10,
        "score": 9,
        "comment": "friendly people",
        "disposition": "complete",
        "identifiers": [{"type": "loyalty", "value": "4711"}, {"type": "mail", "value": "ada@example.org"}],
        "properties": {"plan": "family", "visits": "weekly, on fridays"},
    }
    assert (content["id"], content["score"], content["scope"]) == ("after_purchase/content/r7k2", 5, "transactional")
    assert unmapped == []
    assert len(taken(events)) == 2


def test_a_form_without_hidden_fields_and_with_fewer_answers_is_read() -> None:
    body = typeform_response(answers=typeform_response()["form_response"]["answers"][:1])
    del body["form_response"]["hidden"]
    ((event,), unmapped) = mapped("typeform", body)
    assert "identifiers" not in event
    assert "properties" not in event
    assert event["about"] == {"touchpoint": "store_purchase"}
    assert "comment" not in event
    assert unmapped == []


def test_a_form_that_was_left_amid_is_partial() -> None:
    body = typeform_response(submitted_at=None) | {"event_type": "form_response_partial"}
    assert {(event["disposition"], event["time"]) for event in mapped("typeform", body).events} == {
        ("partial", "2026-03-03T10:10:00Z")
    }


def test_what_nobody_mapped_is_told_and_not_kept() -> None:
    told = {"type": "text", "text": "my neighbour is", "field": {"id": "x1", "ref": "gossip"}}
    answers = [*typeform_response()["form_response"]["answers"], told]
    events, unmapped = mapped("typeform", typeform_response(answers=answers))
    assert unmapped == ["gossip"]
    assert "neighbour" not in str(events)
    of_another_form = mapped("typeform", typeform_response(form_id="other"))
    assert of_another_form.events == []
    assert of_another_form.unmapped == ["nps", "why", "content"]


def test_an_address_that_was_mistyped_costs_no_answer() -> None:
    answers = typeform_response()["form_response"]["answers"]
    mistyped = [one if one["type"] != "email" else {**one, "email": "ada at example"} for one in answers]
    events = mapped("typeform", typeform_response(answers=mistyped)).events
    assert events[0]["identifiers"] == [{"type": "loyalty", "value": "4711"}]


@pytest.mark.parametrize(
    ("sent", "score"), [("8", 8), (" 7.5 ", 7.5), (0, 0), ("seven", "seven"), ([1], [1]), (True, True)]
)
def test_a_number_in_a_text_is_a_score_and_what_is_none_is_left_to_be_refused(sent: object, score: object) -> None:
    (event,) = mapped("formbricks", formbricks_body("responseCreated", formbricks_state(0, {"nps": sent}))).events
    assert event["score"] == score
    assert type(event["score"]) is type(score)


def test_persons_grants_and_hidden_fields_of_formbricks_are_found_where_they_stand() -> None:
    state = formbricks_state(0, {"nps": 9, "card": "4711", "grant": "g-1", "extra": "x"}, language="de-AT")
    ((event,), unmapped) = mapped("formbricks", formbricks_body("responseCreated", state))
    assert event["identifiers"] == [{"type": "login", "value": "jane"}, {"type": "loyalty", "value": "4711"}]
    assert event["consent"] == {"id": "g-1", "purposes": ["surveys"]}
    assert (event["language"], unmapped) == ("de-AT", ["extra"])
    nobody = formbricks_state(0, {"nps": 9}, contact=None)
    (event,) = mapped("formbricks", formbricks_body("responseCreated", nobody)).events
    assert not {"identifiers", "consent", "language"} & event.keys()


def test_passed_over_questions_are_no_answers_and_a_comment_alone_is_one_without_a_score() -> None:
    state = formbricks_state(0, {"nps": "", "why": [], "effort": None})
    assert mapped("formbricks", formbricks_body("responseCreated", state)).events == []
    (event,) = mapped("formbricks", formbricks_body("x", formbricks_state(0, {"why": "  slow "}))).events
    assert (event["comment"], "score" in event) == ("slow", False)


def test_a_tool_of_ones_own_is_read_by_its_paths() -> None:
    ((event,), unmapped) = mapped("kiosk", [KIOSK])
    assert (event["id"], event["time"], event["score"]) == ("kiosk/content/17", "2026-03-03T10:15:00.000000Z", 4)
    assert (event["revision"], event["disposition"]) == (2, "complete")
    assert event["identifiers"] == [{"type": "loyalty", "value": "4711"}]
    assert unmapped == ["3"]
    assert len(taken([event])) == 1
    visit = {**KIOSK["visit"], "state": "left"}  # type: ignore[dict-item]
    assert mapped("kiosk", {**KIOSK, "visit": visit}).events[0]["disposition"] == "partial"


def test_a_response_without_an_id_or_a_time_is_left_to_be_refused() -> None:
    (event,) = mapped("kiosk", {"answers": KIOSK["answers"]}).events
    assert (event["id"], event["time"]) == (None, None)


@pytest.mark.parametrize(
    "body", [None, 7, "x", [], {}, {"form_response": []}, {"data": {}}, [{"data": 1}], {"event": "x"}]
)
def test_what_is_no_response_is_said_to_be_none(body: object) -> None:
    assert typeform.responses_in(body) is None
    assert not formbricks.responses_in(body)
    where = HOOKS["kiosk"].response
    assert where is not None
    assert isinstance(body, dict | list) or generic.responses_in(body, where) is None


STATES = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(["nps", "why", "effort"]), st.integers(1, 7)), st.booleans()),
    min_size=1,
    max_size=6,
)
TRIGGERS = ("responseCreated", "responseUpdated", "responseFinished")


@given(STATES, st.randoms(use_true_random=False))
def test_a_response_that_grows_is_one_answer_a_question_and_the_latest_counts_in_any_order(
    states: list[tuple[dict[str, int], bool]], order: random.Random
) -> None:
    """Whatever was answered, taken back and finished in between; each state may come by several triggers, and again."""
    grown = [formbricks_state(second, answers, finished=is_done) for second, (answers, is_done) in enumerate(states)]
    bodies = [formbricks_body(trigger, state) for state in grown for trigger in TRIGGERS]
    order.shuffle(bodies)
    versions: dict[str, dict[Version, dict[str, Any]]] = {}
    for event in taken([event for body in bodies for event in mapped("formbricks", body).events]):
        checked = check_event(event)
        completeness = completeness_of(checked, parse_time(event["time"]))
        content = {name: value for name, value in event.items() if name != "received_at"}
        version = Version(event.get("revision", 0), completeness, hash(repr(sorted(content.items()))))
        versions.setdefault(event["id"], {})[version] = content
    for question, scored in (("recommend", "nps"), ("effort", "effort")):
        latest = [
            state["data"]
            for state in grown
            if state["data"].get(scored) or (scored == "nps" and state["data"].get("why"))
        ]
        found = versions.get(f"shop/{question}/cm9resp", {})
        assert bool(found) == bool(latest)
        if latest:
            counting = found[winner_of(found)]
            assert counting.get("score") == latest[-1].get(scored)
            assert len({version.revision for version in found}) == len(latest)


def test_the_first_state_has_no_revision_so_that_no_partition_waits_for_others() -> None:
    (event,) = mapped("formbricks", formbricks_body("responseCreated", formbricks_state(0, {"nps": 9}))).events
    assert "revision" not in event
    (event,) = mapped("formbricks", formbricks_body("responseUpdated", formbricks_state(4, {"nps": 9}))).events
    assert event["revision"] == 40
