"""Policies as data: what is shipped, where it asks on a map, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import load_map, map_names
from touchline.schemas.times import US_PER_HOUR
from touchline.settings import PACKAGED_JOURNEYS_DIR
from touchline.surveys.decide import EventFacts, follows
from touchline.surveys.page import checked_policy, checked_questions, render_policies
from touchline.surveys.policies import SHIPPED, Asking, askings_of, load_policy, parse_policy
from touchline.surveys.questions import load_catalogue
from touchline.terminal import print_page

MINE = """\
policy: mine
version: 2
title: My own
questions:
  - question: csat_here
    ask: {touchpoints: [store_purchase]}
    delay_hours: 2
fatigue:
  - {id: weekly, scope: global, counts: shown, at_most: 1, within_hours: 168}
"""


@pytest.fixture(scope="module")
def retail() -> JourneyMap:
    return load_map(PACKAGED_JOURNEYS_DIR / "retail.yaml")


def askings(policy: str, journey_map: JourneyMap) -> list[Asking]:
    return askings_of(load_policy(policy), journey_map, load_catalogue())


def asked(found: list[Asking], **event: object) -> list[str]:
    facts = EventFacts("till", "e1", 0, **{"touchpoint": "store_purchase", "stage": "purchase", **event})  # type: ignore[arg-type]
    return [one.question.id for one in follows(found, facts)]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_policy_fits_every_shipped_map(name: str) -> None:
    assert load_policy(name).policy == name
    for journey in map_names(PACKAGED_JOURNEYS_DIR):
        askings(name, load_map(PACKAGED_JOURNEYS_DIR / f"{journey}.yaml"))


def test_effort_is_asked_before_the_order_and_recommendation_and_satisfaction_after_it(retail: JourneyMap) -> None:
    found = askings("effort_order_satisfaction", retail)
    assert asked(found) == ["ces"]
    assert asked(found, is_conversion=True) == ["nps_here", "csat"]
    assert asked(found, is_conversion=True, has_converted=True) == ["nps_here", "csat"]
    assert asked(found, has_converted=True) == []
    assert asked(found, stage="") == []
    assert [one.where.delay_us for one in found] == [0, 336 * US_PER_HOUR, 0]


def test_one_score_is_asked_at_every_touchpoint_of_the_map(retail: JourneyMap) -> None:
    for name, question in (("one_score", "csat_here"), ("recommendation", "nps_here")):
        found = askings(name, retail)
        assert all(asked(found, touchpoint=one.id) == [question] for one in retail.touchpoints)
        assert asked(found, touchpoint="somewhere_else") == []


def test_a_map_is_a_policy_by_its_own_kpis(retail: JourneyMap) -> None:
    found = askings("map", retail)
    assert [one.question.id for one in found] == [one.id for one in retail.kpis]
    question = found[1].question
    assert question.wordings["en"].text == retail.kpis[1].question
    assert question.wordings["en"].high == "Extremely likely"  # of the catalogue's question on the same scale
    (later,) = askings("map", retail.model_copy(update={"version": retail.version + 1}))[1:2]
    assert later.question.version == question.version  # the same words
    other = retail.kpis[1].model_copy(update={"question": "Would you come back?"})
    (reworded,) = askings("map", retail.model_copy(update={"kpis": (other,)}))
    assert reworded.question.version != question.version
    assert found[2].where.delay_us == 336 * US_PER_HOUR


def test_what_a_question_leaves_out_is_as_the_policy_says(retail: JourneyMap) -> None:
    text = (
        MINE.replace("    delay_hours: 2\n", "    delay_hours: 2\n    sampling: 0.5\n    purposes: []\n")
        + "valid_hours: 12\n"
    )
    (one,) = askings_of(parse_policy(text, "mine.yaml"), retail, load_catalogue())
    assert (one.policy, one.policy_version, one.sampling, one.purposes) == ("mine", 2, 0.5, ())
    assert (one.where.delay_us, one.valid_us) == (2 * US_PER_HOUR, 12 * US_PER_HOUR)
    (other,) = askings_of(parse_policy(MINE, "mine.yaml"), retail, load_catalogue())
    assert (other.sampling, other.purposes, other.valid_us) == (1, ("contact_me",), 72 * US_PER_HOUR)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("scope: global", "scope: segment"), "`segment` belongs to `scope: segment`"),
        (("scope: global", "scope: global, kpi: nps"), "`kpi` belongs to `scope: kpi`"),
        (("at_most: 1", "at_most: 0"), "fatigue[0].at_most: 0 is out of range"),
        (("counts: shown", "counts: seen"), "write one of: 'invited', 'shown', 'answered'"),
        (("{touchpoints: [store_purchase]}", "{}"), "`ask` asks nowhere"),
        (
            ("{touchpoints: [store_purchase]}", "{moments: [order]}"),
            "'before_conversion', 'conversion', 'after_conversion'",
        ),
        (("delay_hours: 2", "delay: 2"), "did you mean 'delay_hours'?"),
        (("delay_hours: 2", "sampling: 0"), "0 is out of range"),
        (("version: 2\n", ""), "the field 'version' is missing"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_with_its_line(change: tuple[str, str], said: str) -> None:
    assert change[0] in MINE
    with pytest.raises(WrongUsage) as error:
        parse_policy(MINE.replace(*change, 1), "mine.yaml")
    assert said in error.value.what
    assert error.value.what.startswith("mine.yaml:")


def test_a_policy_that_asks_nothing_is_refused() -> None:
    with pytest.raises(WrongUsage, match="asks nothing"):
        parse_policy("policy: p\nversion: 1\ntitle: T\nquestions: []\n", "p.yaml")


def test_two_rules_have_two_names() -> None:
    rule = MINE.splitlines()[-1] + "\n"
    with pytest.raises(WrongUsage, match="two fatigue rules have one id"):
        parse_policy(MINE + rule, "mine.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("csat_here", "csat_heer"), "the catalogue has no question csat_heer; did you mean 'csat_here'?"),
        (("store_purchase", "store_purchas"), "which the map retail does not have; did you mean 'store_purchase'?"),
        (("{touchpoints: [store_purchase]}", "{goals: [sale]}"), "is asked at goals sale"),
        (("{touchpoints: [store_purchase]}", "{stages: [purchas]}"), "is asked at stages purchas"),
    ],
)
def test_what_the_map_or_the_catalogue_lacks_is_said(retail: JourneyMap, change: tuple[str, str], said: str) -> None:
    with pytest.raises(WrongUsage) as error:
        askings_of(parse_policy(MINE.replace(*change, 1), "mine.yaml"), retail, load_catalogue())
    assert said in error.value.what


def test_a_policy_is_found_by_its_name_or_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    assert load_policy("mine.yaml", tmp_path).policy == "mine"
    with pytest.raises(WrongUsage, match="there is no survey policy 'one_skore'") as error:
        load_policy("one_skore")
    assert "did you mean 'one_score'?" in error.value.hint
    with pytest.raises(WrongUsage, match="cannot be read"):
        load_policy("none.yaml", tmp_path)


def test_a_check_says_what_is_asked_and_what_is_never_one_number(retail: JourneyMap) -> None:
    text = MINE.replace("fatigue:", "  - {question: csat, ask: {moments: conversion}}\nfatigue:")
    policy = parse_policy(text, "mine.yaml")
    lines = checked_policy(policy, askings_of(policy, retail, load_catalogue()), retail)
    assert lines[0] == "ok: policy mine 2 asks 2 questions on the map retail"
    assert lines[1] == "  csat_here: touchpoints: store_purchase; after 2 h, for 72 h, 100 %"
    assert lines[-1] == "note: csat is asked by csat, csat_here: other words, so their answers are never one number"
    bare = parse_policy(text.partition("fatigue:")[0], "mine.yaml")
    assert checked_policy(bare, [], retail)[-1].startswith("note: no fatigue rule")
    assert checked_questions(load_catalogue())[0] == "ok: 8 questions, those that are shipped included"


def test_the_page_of_policies_shows_the_chosen_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_page(render_policies([load_policy(name) for name in SHIPPED], "one_score"), 160)
    shown = capsys.readouterr().out
    assert "one_score (chosen): Satisfaction at every touchpoint" in shown
    assert "one_a_week: at most 1 shown in 168 h, global" in shown
    assert "the questions of the map's kpis" in shown
