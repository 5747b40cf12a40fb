"""Which cases there are: a function of the facts, the consents, the rules and the moment, and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st

from touchline.care.cases import Wanted, case_id, changes, wanted_cases
from touchline.care.facts import CareFact, Granted, PersonFacts
from touchline.care.rules import CareRules, load_rules

HOUR_US = 3_600_000_000
ALWAYS = (Granted("contact_me", 0, None),)
SCORE_CLASSES = {**dict.fromkeys(range(7), "bad"), 7: "neutral", 8: "neutral", 9: "good", 10: "good"}


def fact(number: int, hour: float, touchpoint: str = "hotline", stage: str = "retention", **fields: object) -> CareFact:
    said = {
        "time_us": round(hour * HOUR_US), "source": "shop", "event_id": f"e{number}", "is_answer": False, "touchpoint": touchpoint,
        "action": "", "properties": {}, "stage_order": 4, "stage": stage, "cycle": 1, "is_conversion": False,
    }  # fmt: skip
    return CareFact(**(said | fields))  # type: ignore[arg-type]


def nps(number: int, hour: float, score: int) -> CareFact:
    scored: dict[str, Any] = {
        "kpi": "nps",
        "score": float(score),
        "scale": (0, 10),
        "score_class": SCORE_CLASSES[score],
    }
    return fact(number, hour, is_answer=True, **scored)


def rules(*texts: dict[str, object]) -> CareRules:
    return CareRules.model_validate({"version": 1, "rules": texts})


def found(
    facts: Sequence[CareFact], asked: CareRules, now: float = 1e6, consents: Sequence[Granted] = ALWAYS
) -> dict[str, Wanted]:
    return wanted_cases(PersonFacts(facts, consents, [("login", "k1:aa")]), asked, round(now * HOUR_US))


def reasons(cases: dict[str, Wanted]) -> list[tuple[str, str]]:
    return sorted((one.rule.id, one.reason.event_id) for one in cases.values())


DETRACTOR = rules({"id": "detractor", "answer": {"kpi": "nps", "scored": "bad"}, "contact_within_hours": 24})


def test_every_detractor_answer_is_one_case_with_its_term() -> None:
    cases = found([nps(1, 1, 6), nps(2, 2, 9), nps(3, 3, 0), nps(4, 4, 7)], DETRACTOR)
    assert reasons(cases) == [("detractor", "e1"), ("detractor", "e3")]
    one = cases[case_id("detractor", 1, "shop", "e1")]
    assert (one.due_us, [each.event_id for each in one.before]) == (25 * HOUR_US, ["e1"])


def test_an_answer_without_a_formula_opens_no_case() -> None:
    assert not found([nps(1, 1, 3)._replace(score_class="")], DETRACTOR)


WAITS = {
    "id": "waits",
    "event": {"touchpoint": "hotline", "content": {"wait_minutes": {"at_least": 10}}},
    "in_a_row": 2,
}


def wait(number: int, hour: float, minutes: int) -> CareFact:
    return fact(number, hour, properties={"wait_minutes": str(minutes)})


def test_two_bad_waits_in_a_row_are_a_case_and_a_good_one_between_them_makes_a_new_row() -> None:
    asked = rules(WAITS)
    assert reasons(found([wait(1, 1, 12), fact(2, 2, "website"), wait(3, 3, 15)], asked)) == [("waits", "e3")]
    assert not found([wait(1, 1, 12), wait(2, 2, 3), wait(3, 3, 15)], asked)
    assert reasons(found([wait(n, n, 20) for n in range(1, 6)], asked)) == [("waits", "e2")]


def test_a_row_that_is_bounded_in_time_forgets_what_lies_too_far_back() -> None:
    asked = rules(WAITS | {"within_hours": 5})
    assert reasons(found([wait(1, 1, 12), wait(2, 9, 12), wait(3, 10, 12)], asked)) == [("waits", "e3")]


def test_a_loop_is_so_many_contacts_within_its_term_and_the_next_begins_anew() -> None:
    asked = rules({"id": "loop", "event": {"touchpoint": "hotline"}, "repeated": 3, "within_hours": 24})
    hours = [1, 2, 30, 31, 32, 33, 34, 35]
    facts = [fact(number, hour) for number, hour in enumerate(hours)]
    assert reasons(found(facts, asked)) == [("loop", "e4"), ("loop", "e7")]


def test_a_journey_that_stands_still_is_overdue_once_its_term_is_over_even_when_it_goes_on_later() -> None:
    asked = rules({"id": "stuck", "overdue": {"stage": "consideration", "after_hours": 48}})
    weighs = fact(1, 1, "trial", "consideration")
    assert not found([weighs], asked, now=48)
    assert reasons(found([weighs], asked, now=50)) == [("stuck", "e1")]
    assert reasons(found([weighs, fact(2, 60, "web_order", "purchase")], asked, now=70)) == [("stuck", "e1")]
    assert not found([weighs, fact(2, 40, "web_order", "purchase")], asked, now=70)


def test_nobody_is_a_case_who_did_not_agree_to_be_contacted_or_took_it_back() -> None:
    bad = [nps(1, 5, 2)]
    assert not found(bad, DETRACTOR, consents=())
    assert not found(bad, DETRACTOR, consents=[Granted("analytics", 0, None)])
    assert not found(bad, DETRACTOR, consents=[Granted("contact_me", 6 * HOUR_US, None)])
    assert not found(bad, DETRACTOR, consents=[Granted("contact_me", 0, 9 * HOUR_US)])
    again = [Granted("contact_me", 0, 9 * HOUR_US), Granted("contact_me", 12 * HOUR_US, None)]
    assert found(bad, DETRACTOR, consents=again)


FACTS = st.lists(
    st.one_of(
        st.builds(nps, st.integers(0, 12), st.integers(0, 60), st.integers(0, 10)),
        st.builds(wait, st.integers(0, 12), st.integers(0, 60), st.integers(0, 30)),
    ),
    max_size=14,
    unique_by=lambda one: one.event_id,
)
ALL = rules(
    DETRACTOR.rules[0].model_dump(exclude_defaults=True),
    WAITS,
    {"id": "loop", "event": {"touchpoint": "hotline"}, "repeated": 2, "within_hours": 12},
    {"id": "stuck", "overdue": {"stage": "retention", "after_hours": 20}},
)


@given(FACTS, st.randoms(use_true_random=False), st.integers(0, 80))
def test_cases_do_not_depend_on_order_and_number_of_the_facts(facts: list[CareFact], chance: object, now: int) -> None:
    mixed = facts + facts[:3]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert found(mixed, ALL, now) == found(facts, ALL, now)


@given(FACTS, st.data())
def test_whatever_was_said_before_what_is_said_now_makes_the_cases_of_all_facts(
    facts: list[CareFact], data: st.DataObject
) -> None:
    """Facts come in any batches, some are taken back: after each batch the cases that stand are the wanted ones, each opened once."""
    standing: dict[str, bool] = {}
    opened: list[str] = []
    for _ in range(data.draw(st.integers(1, 5))):
        known = data.draw(
            st.lists(st.sampled_from(facts), unique_by=lambda one: one.event_id) if facts else st.just([])
        )
        for name, change in changes(found(known, ALL), standing):
            standing[name] = change != "lapsed"
            opened += [name] if change == "opened" else []
        assert {name for name, stands in standing.items() if stands} == set(found(known, ALL))
        assert not changes(found(known, ALL), standing)
    assert len(opened) == len(set(opened))


def test_the_rules_that_ship_are_read() -> None:
    shipped = load_rules()
    assert {one.id for one in shipped.rules} >= {"detractor", "promoter", "calls_again_and_again"}


@pytest.mark.parametrize(
    ("rule", "remedy"),
    [
        ({"id": "a"}, "exactly one of answer, event, overdue"),
        ({"id": "a", "answer": {"kpi": "nps"}}, "scored: bad"),
        ({"id": "a", "answer": {"kpi": "nps", "score_at_most": 3}}, "scale"),
        ({"id": "a", "event": {"touchpoint": "x"}, "repeated": 2}, "within_hours"),
        ({"id": "a", "event": {"touchpoint": "x"}, "repeated": 2, "within_hours": 1, "in_a_row": 2}, "exclude each other"),
    ],
)  # fmt: skip
def test_a_rule_that_means_nothing_says_what_to_write(rule: dict[str, object], remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        rules(rule)
