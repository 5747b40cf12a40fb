"""Yes or no, with the reason: a function of the set of facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, strategies as st

from tests.support.asking.oracle import is_spared
from tests.support.asking.schedule import SECRET, askings_at_random, in_words, run_schedule
from touchline.schemas.journey.parts import Ask as MapAsk
from touchline.schemas.times import US_PER_HOUR
from touchline.sql.subjects.surveys.requests import NOT_ELIGIBLE, OUTCOMES, REASONS
from touchline.surveys import decide as decide_module
from touchline.surveys.asked import Asked, standing
from touchline.surveys.decide import (
    IN_WORDS,
    AskReason,
    ConsentState,
    Decision,
    EventFacts,
    PersonFacts,
    ask_id,
    choose,
    choose_event,
    decide,
    is_eligible,
    is_sampled,
    most_telling,
    spared_until,
    state_of,
)
from touchline.surveys.policies import Asking, FatigueRule
from touchline.surveys.policy import SurveyQuestion
from touchline.surveys.questions import load_catalogue

NOW = 1_760_000_000_000_000
HOUR = US_PER_HOUR
EVENT = EventFacts("till", "receipt-1", NOW - HOUR, "shop", persons=(("loyalty", "k1:a"),))
GRANTED = (ConsentState("contact_me", True, NOW - 100 * HOUR),)
RULE = FatigueRule(id="weekly", scope="global", counts="shown", at_most=1, within_hours=168)


def asking(question: str = "nps_here", *rules: FatigueRule, delay: int = 0, sampling: float = 1.0) -> Asking:
    one = load_catalogue().questions[question]
    where = SurveyQuestion(
        *("m", one.id, one.kpi, one.variant, one.scope, one.scale.min, one.scale.max, delay * HOUR, "en"),
        *(MapAsk(touchpoints="all"), (), frozenset({"shop", "web"})),
    )
    return Asking(where, one, "policy", 1, 72 * HOUR, sampling, ("contact_me",), rules)


def earlier(disposition: str, hours_ago: float, **said: object) -> Asked:
    fields = {
        "question": "ces",
        "kpi": "ces",
        "touchpoint": "web",
        "about": "e0",
        "expires_us": 0,
        "ask": "a" * 32,
    } | said
    return Asked(
        *(
            "surveys",
            str(fields["ask"]),
            "policy",
            str(fields["question"]),
            str(fields["kpi"]),
            str(fields["touchpoint"]),
        ),
        *("till", str(fields["about"]), disposition, NOW - round(hours_ago * HOUR), int(str(fields["expires_us"]))),
    )


def said(
    one: Asking, *asks: Asked, event: EventFacts = EVENT, consents: tuple[ConsentState, ...] = GRANTED
) -> Decision:
    return decide(one, event, PersonFacts(asks, consents), NOW, SECRET)


def test_where_nothing_speaks_against_it_the_person_is_asked() -> None:
    decision = said(asking("nps_here", RULE))
    assert (decision.is_asked, decision.reason, decision.disposition) == (True, AskReason.ASKED, "sampled")
    assert (decision.due_us, decision.expires_us) == (EVENT.time_us, EVENT.time_us + 72 * HOUR)


def test_every_reason_is_said_in_words_and_only_one_is_a_yes() -> None:
    assert set(IN_WORDS) == set(AskReason)


def test_nobody_is_asked_about_an_event_of_nobody() -> None:
    decision = said(asking(), event=EVENT._replace(persons=()))
    assert (decision.reason, decision.disposition) == (AskReason.NOBODY, None)


def test_a_question_is_due_after_its_delay_and_over_after_its_validity() -> None:
    early = said(asking(delay=2))
    assert (early.reason, early.retry_us, early.disposition) == (AskReason.NOT_DUE, EVENT.time_us + 2 * HOUR, None)
    assert said(asking(delay=1)).is_asked
    assert said(asking(), event=EVENT._replace(time_us=NOW - 72 * HOUR)).reason is AskReason.EXPIRED
    assert said(asking(), event=EVENT._replace(time_us=NOW - 72 * HOUR + 1)).is_asked


def test_nobody_is_asked_the_same_about_the_same_event_twice_whatever_policy_asked() -> None:
    own = ask_id(SECRET, "policy", "nps_here", "till", "receipt-1")
    assert said(asking(), earlier("sampled", 0, ask=own, about="receipt-1")).reason is AskReason.ALREADY_ASKED
    by_another = earlier("expired", 1, question="nps_here", about="receipt-1")
    assert said(asking(), by_another).reason is AskReason.ALREADY_ASKED
    spared = earlier("eligible", 1, ask=own, question="nps_here", about="receipt-1")
    assert said(asking(), spared).is_asked


def test_consent_that_is_unknown_or_withdrawn_is_none() -> None:
    unknown = said(asking(), consents=())
    assert (unknown.reason, unknown.rule, unknown.disposition) == (AskReason.NO_CONSENT, "contact_me", "eligible")
    withdrawn = said(asking(), consents=(ConsentState("contact_me", False, NOW),))
    assert withdrawn.reason is AskReason.CONSENT_WITHDRAWN
    other = said(asking(), consents=(ConsentState("analytics", True, 0),))
    assert other.reason is AskReason.NO_CONSENT


def test_of_two_statements_that_hold_at_once_the_withdrawal_does() -> None:
    both = [ConsentState("p", True, 5), ConsentState("p", False, 5)]
    assert state_of(both, "p", 5) == "withdrawn"
    assert state_of(both, "p", 4) == "unknown"
    assert state_of([ConsentState("p", True, 5, 9), ConsentState("p", False, 9)], "p", 8) == "granted"


@pytest.mark.parametrize(
    ("disposition", "hours_ago", "is_spared"),
    [
        ("complete", 1, True),
        ("dismissed", 167, True),
        ("dismissed", 168, False),
        ("bounced", 1, False),
        ("eligible", 1, False),
        ("not_sampled", 1, False),
        ("invited", 1, False),
        ("expired", 1, False),
    ],
)
def test_what_a_rule_counts_spares_for_its_window(disposition: str, hours_ago: float, is_spared: bool) -> None:
    decision = said(asking("nps_here", RULE), earlier(disposition, hours_ago))
    assert (decision.reason is AskReason.FATIGUE) == is_spared
    if is_spared:
        assert (decision.rule, decision.disposition) == ("weekly", "eligible")
        assert decision.retry_us == NOW + round((168 - hours_ago) * HOUR)


def test_an_ask_that_is_open_counts_since_it_may_still_be_shown() -> None:
    open_one = earlier("sampled", 400, expires_us=NOW + 5 * HOUR)
    decision = said(asking("nps_here", RULE), open_one)
    assert (decision.reason, decision.retry_us) == (AskReason.FATIGUE, NOW + 5 * HOUR)
    assert said(asking("nps_here", RULE), open_one._replace(expires_us=NOW)).is_asked


def test_an_expired_ask_counts_as_far_as_it_had_come() -> None:
    expired = earlier("expired", 1)._replace(reached="shown", reached_us=NOW - 100 * HOUR)
    assert said(asking("nps_here", RULE), expired).retry_us == NOW + 68 * HOUR
    assert said(asking("nps_here", RULE), expired._replace(reached="invited")).is_asked


def test_a_rule_counts_by_its_scope() -> None:
    def spares(rule: Mapping[str, object], one: Asked, event: EventFacts = EVENT) -> bool:
        scoped = FatigueRule.model_validate({"id": "r", "counts": "shown", "at_most": 1, "within_hours": 9, **rule})
        return said(asking("nps_here", scoped), one, event=event).reason is AskReason.FATIGUE

    other, same_kpi, same_place = (
        earlier("shown", 1),
        earlier("shown", 1, kpi="nps"),
        earlier("shown", 1, touchpoint="shop"),
    )
    assert spares({"scope": "global"}, other)
    assert [spares({"scope": "kpi"}, one) for one in (other, same_kpi)] == [False, True]
    assert [spares({"scope": "kpi", "kpi": kpi}, same_kpi) for kpi in ("nps", "csat")] == [True, False]
    assert [spares({"scope": "touchpoint"}, one) for one in (other, same_place)] == [False, True]
    loyal = {"scope": "segment", "segment": "loyal"}
    assert [spares(loyal, other, EVENT._replace(segment=name)) for name in ("loyal", "new")] == [True, False]


def test_a_draw_is_the_same_whoever_decides_and_when() -> None:
    of_till = ask_id(SECRET, "policy", "nps_here", "till", "receipt-1")
    assert len(of_till) == 32
    assert ask_id(bytes(31) + b"1", "policy", "nps_here", "till", "receipt-1") != of_till
    assert ask_id(SECRET, "policy", "nps_here", "till\0receipt", "1") != ask_id(
        SECRET, "policy", "nps_here", "till", "receipt\0" + "1"
    )
    assert is_sampled(of_till, 1.0)
    later = decide(asking(sampling=0.5), EVENT, PersonFacts((), GRANTED), NOW + HOUR, SECRET)
    assert said(asking(sampling=0.5)).reason == later.reason


@pytest.mark.parametrize("probability", [0.01, 0.25, 0.5, 0.9])
def test_the_share_that_is_sampled_lies_in_its_binomial_interval(probability: float) -> None:
    count = 20_000
    drawn = sum(is_sampled(ask_id(SECRET, "p", "q", "till", f"e{number}"), probability) for number in range(count))
    deviation = math.sqrt(count * probability * (1 - probability))
    assert abs(drawn - count * probability) < 4 * deviation


def test_draws_of_two_questions_about_one_event_are_independent() -> None:
    pairs = [
        tuple(is_sampled(ask_id(SECRET, "p", question, "till", f"e{number}"), 0.5) for question in ("nps", "csat"))
        for number in range(10_000)
    ]
    assert abs(sum(one and other for one, other in pairs) - 2_500) < 4 * math.sqrt(10_000 * 0.25 * 0.75)


def test_one_question_at_a_time_is_asked_in_the_order_of_the_policy() -> None:
    made = choose([asking("nps_here"), asking("csat")], EVENT, PersonFacts((), GRANTED), NOW, SECRET)
    assert [one.question.id for one, _ in made] == ["nps_here"]
    own = earlier("complete", 0, question="nps_here", about="receipt-1")
    after = choose([asking("nps_here"), asking("csat")], EVENT, PersonFacts((own,), GRANTED), NOW, SECRET)
    assert [decision.reason.value for _, decision in after] == ["already_asked", "asked"]


def test_the_answer_is_the_yes_else_the_first_no_that_is_about_now() -> None:
    later, now = asking("csat", delay=300), asking("nps_here", RULE)
    made = choose([later, now], EVENT, PersonFacts((earlier("shown", 1),), GRANTED), NOW, SECRET)
    told = most_telling(made)
    assert told is not None
    assert told[1].reason is AskReason.FATIGUE
    assert most_telling([]) is None
    only_later = most_telling(choose([later], EVENT, PersonFacts(), NOW, SECRET))
    assert only_later is not None
    assert only_later[1].reason is AskReason.NOT_DUE


def test_of_several_events_the_newest_is_asked_about_of_which_the_policy_says_something_now() -> None:
    events = [EVENT._replace(event_id=f"e{age}", time_us=NOW - age * HOUR) for age in (1, 5, 90)]
    chosen = choose_event([asking(delay=4)], events, PersonFacts((), GRANTED), NOW, SECRET)
    assert chosen is not None
    assert chosen[0].event_id == "e5"
    too_early = choose_event([asking(delay=60)], events[:2], PersonFacts((), GRANTED), NOW, SECRET)
    assert too_early is not None
    assert too_early[0].event_id == "e1"
    assert choose_event([asking()], [], PersonFacts(), NOW, SECRET) is None
    nowhere = choose_event([asking()], [EVENT._replace(touchpoint="moon")], PersonFacts(), NOW, SECRET)
    assert nowhere == (EVENT._replace(touchpoint="moon"), [])


ASKS = st.builds(
    lambda ask, kpi, place, disposition, hours, open_for, reached: Asked(
        *("surveys", f"{ask}", "p", kpi, kpi, place, "till", "e0", disposition, NOW - hours * HOUR),
        *(NOW + open_for * HOUR, reached if disposition == "expired" else "", NOW - (hours + 3) * HOUR),
    ),
    st.integers(0, 6),
    st.sampled_from(["nps", "csat"]),
    st.sampled_from(["shop", "web"]),
    st.sampled_from(
        ["eligible", "sampled", "invited", "bounced", "shown", "expired", "dismissed", "partial", "complete"]
    ),
    st.integers(0, 40),
    st.integers(-20, 20),
    st.sampled_from(["", "sampled", "invited", "shown"]),
)
_LEVEL = {"invited": "invited", "shown": "shown", "dismissed": "shown", "partial": "answered", "complete": "answered"}


def _in_words(one: Asked) -> tuple[str, str, str, int, int]:
    """For the oracle: how far, when, and until when it is open."""
    level, at_us = _LEVEL.get(one.disposition, ""), one.time_us
    if one.disposition == "expired":
        level = _LEVEL.get(one.reached, "") if one.reached else "invited"
        at_us = one.reached_us if one.reached else at_us
    is_open = one.disposition in ("sampled", "invited", "shown")
    return one.kpi, one.touchpoint, level, at_us, one.expires_us if is_open else 0


@given(asks=st.lists(ASKS, max_size=8), seed=st.integers(0, 10_000))
def test_a_fatigue_rule_says_what_its_words_say(asks: list[Asked], seed: int) -> None:
    askings, rules = askings_at_random(Random(seed))
    event = EVENT._replace(segment=("loyal", "")[seed % 2])
    stands = standing(asks)
    for rule in rules:
        is_no = bool(spared_until(rule, askings[0], event, stands, NOW))
        known = [_in_words(one) for one in stands]
        assert is_no == is_spared(in_words(rule), askings[0].question.kpi, "shop", event.segment, known, NOW)


@given(asks=st.lists(ASKS, max_size=8), random=st.randoms(use_true_random=False), seed=st.integers(0, 10_000))
def test_decisions_are_a_function_of_the_set_of_facts(asks: list[Asked], random: Random, seed: int) -> None:
    askings, _ = askings_at_random(Random(seed))
    consents = [*GRANTED, ConsentState("analytics", False, 0)]
    before = choose(askings, EVENT, PersonFacts(asks, consents), NOW, SECRET)
    again = [*asks, *random.sample(asks, random.randint(0, len(asks)))]
    random.shuffle(again)
    random.shuffle(consents)
    assert choose(askings, EVENT, PersonFacts(again, [*consents, *consents]), NOW, SECRET) == before


@given(asks=st.lists(ASKS, max_size=8), seed=st.integers(0, 10_000))
def test_a_rule_spares_until_the_moment_that_it_says_if_nothing_more_happens(asks: list[Asked], seed: int) -> None:
    askings, rules = askings_at_random(Random(seed))
    stands = standing(asks)
    for rule in rules:
        if until_us := spared_until(rule, askings[0], EVENT._replace(segment="loyal"), stands, NOW):
            later = spared_until(rule, askings[0], EVENT._replace(segment="loyal"), stands, until_us)
            just_before = spared_until(rule, askings[0], EVENT._replace(segment="loyal"), stands, until_us - 1)
            assert (later, just_before) == (0, until_us)


def test_no_schedule_asks_more_than_the_rules_allow() -> None:
    reasons = {reason for seed in range(60) for reason in run_schedule(seed).reasons}
    found = [what for seed in range(60) for what in run_schedule(seed).violations]
    assert found == []
    assert reasons >= {"asked", "fatigue", "already_asked", "not_sampled", "no_consent", "consent_withdrawn"}


def test_the_response_accounting_has_an_outcome_for_each_reason_that_is_written() -> None:
    written = {
        reason: decide_module._DISPOSITIONS[reason] for reason in AskReason if reason in decide_module._DISPOSITIONS
    }
    assert {reason.value for reason, disposition in written.items() if disposition == "eligible"} == set(REASONS)
    assert AskReason(NOT_ELIGIBLE) is AskReason.NOT_ELIGIBLE
    assert {f"not_asked_{name}" for name in REASONS.values()} <= set(OUTCOMES)
    unwritten = {"no_event", "nobody", "not_in_policy", "not_due", "expired", "already_asked"}
    assert {*AskReason} == {*written, *unwritten, AskReason.NOT_ELIGIBLE}


def test_who_was_sampled_is_eligible_as_long_as_the_policy_asks_after_the_event() -> None:
    assert is_eligible(asking(), EVENT)
    assert is_eligible(asking(), EVENT._replace(is_conversion=True, touchpoint="web"))
    assert not is_eligible(asking(), None)
    assert not is_eligible(asking(), EVENT._replace(touchpoint="returns desk"))
    where = asking().where._replace(ask=MapAsk(touchpoints=("moon",)), moments=frozenset({"after_conversion"}))
    later = asking()._replace(where=where)
    assert is_eligible(
        later, EVENT._replace(stage="purchase")
    )  # whether its cycle had a conversion before is left open
    assert not is_eligible(later, EVENT._replace(stage="purchase", is_conversion=True))
