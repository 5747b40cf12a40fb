"""Which events are due, whether an ask may go out now, and what is handed over."""

from __future__ import annotations

import json

import pytest

from tests.support.inviting.breaks import BREAKS, broken
from tests.support.inviting.schedule import run_schedule
from tests.unit.surveys.test_decide import EVENT, HOUR, RULE, asking
from touchline.surveys.asked import Asked
from touchline.surveys.asks import Ask, ask_of, asked_of
from touchline.surveys.decide import ConsentState, PersonFacts, decide
from touchline.surveys.invitations import Hold, Span, due_askings, due_spans, held_back, invitation

HAVE_FOUND = (1_133, 3_000_018)
"""Schedules that found something: a question that no page was told of, which nobody counts; an end that was not written, and forgotten."""
SCHEDULES = 8
GRANTED = (ConsentState("contact_me", True, 0),)
ASKING = asking("nps_here", RULE)
NOW = EVENT.time_us + HOUR


def sampled(event_id: str = "", at_us: int = NOW) -> Ask:
    event = EVENT._replace(event_id=event_id or EVENT.event_id)
    decision = decide(ASKING, event, PersonFacts((), GRANTED), at_us, bytes(32))
    return ask_of(ASKING, event, decision, "de", at_us)._replace(way="invitation")


ASK = sampled()
OTHER = sampled("e9", NOW + 1)


def hold(*others: Asked, now_us: int = NOW + 2, untried: tuple[str, ...] = (), **changes: object) -> Hold | None:
    said = {"asking": ASKING, "events": [EVENT], "consents": GRANTED} | changes
    person = PersonFacts([asked_of(ASK, "sampled", NOW, "surveys"), *others], said["consents"])  # type: ignore[arg-type]
    return held_back(ASK, said["asking"], said["events"], person, now_us, untried)  # type: ignore[arg-type]


def test_what_was_sampled_goes_out_while_nothing_has_changed() -> None:
    assert hold() is None


def test_what_has_changed_since_the_decision_holds_it_back() -> None:
    assert hold(events=[]) is Hold.EVENT_GONE
    assert hold(consents=(ConsentState("contact_me", False, 0),)) is Hold.CONSENT
    assert hold(asking=None) is Hold.POLICY_CHANGED
    assert hold(now_us=ASK.expires_us) is Hold.EXPIRED
    assert hold(asked_of(ASK, "shown", NOW, "surveys")) is Hold.GOES_ON
    assert hold(asked_of(OTHER, "shown", NOW, "surveys")) is Hold.FATIGUE


def test_of_two_customers_who_became_one_the_ask_that_was_sampled_first_goes() -> None:
    other = asked_of(OTHER, "sampled", NOW + 1, "surveys")
    assert hold(other, untried=(OTHER.id,)) is None
    assert hold(other._replace(time_us=NOW - 1), untried=(OTHER.id,)) is Hold.FATIGUE
    assert hold(other) is Hold.FATIGUE  # it may have gone out, for all that is known


def test_spans_are_those_that_fell_due_since_and_do_not_overlap() -> None:
    soon, late = asking("nps_here"), asking("csat", delay=100)
    assert due_spans([soon, soon], None, NOW) == [Span(NOW - 72 * HOUR, NOW)]
    assert due_spans([soon, late], NOW - HOUR, NOW) == [
        Span(NOW - 101 * HOUR, NOW - 100 * HOUR),
        Span(NOW - HOUR, NOW),
    ]
    assert due_spans([soon, asking("csat", delay=10)], None, NOW) == [Span(NOW - 82 * HOUR, NOW)]


def test_a_question_is_due_from_its_delay_on_until_its_time_is_over() -> None:
    late = asking("csat", delay=2)
    due_us = EVENT.time_us + 2 * HOUR
    assert due_askings([late], EVENT, due_us - 1) == []
    assert due_askings([late], EVENT, due_us) == [late]
    assert due_askings([late], EVENT, due_us + 72 * HOUR) == []


def test_an_invitation_names_no_identifier_and_is_the_same_each_time() -> None:
    body = invitation(ASK, ASKING, "https://ask.example/q/x")
    assert body == invitation(ASK, ASKING, "https://ask.example/q/x")
    assert body["id"] == ASK.id
    assert body["person"] == {"type": EVENT.persons[0][0], "key": EVENT.persons[0][1]}
    assert body["question"]["text"] == ASKING.question.wordings["de"].text
    assert json.loads(json.dumps(body)) == body


@pytest.mark.parametrize("seed", [*range(SCHEDULES), *HAVE_FOUND])
def test_whatever_fails_nothing_goes_out_beyond_a_rule_and_nothing_is_lost(seed: int) -> None:
    """The short form of `./run check invitations`."""
    assert run_schedule(seed).violations == []


@pytest.mark.parametrize("name", ["late events", "asks of the process before", "once a sink"])
def test_a_step_that_is_removed_is_found(name: str) -> None:
    assert name in BREAKS
    with broken(name):
        assert any(run_schedule(seed).violations for seed in range(40))
