"""Who is asked what: the questions of a map, and which of them follow an event."""

from __future__ import annotations

import ast
import inspect

import pytest

from touchline.schemas.journey.read import parse_map
from touchline.schemas.times import US_PER_HOUR
from touchline.surveys import policy
from touchline.surveys.policy import SurveyQuestion, asked_after, questions_of

MAP = """\
map: shop
version: 1
title: A shop
language: de
stages:
  - {id: look, name: Look}
  - {id: buy, name: Buy}
touchpoints:
  - {id: store, name: Store, channel: store, online: false, ownership: owned, observability: traceable}
  - {id: web, name: Web, channel: web, online: true, ownership: owned, observability: traceable}
rules:
  - {id: bought, when: {action: purchase}, stage: buy}
  - {id: seen, when: {touchpoint: [store, web]}, stage: look}
goals:
  - {id: order, name: Order, when: {touchpoint: web, action: purchase}}
cycle: {stays: []}
kpis:
"""


def questions(*asks: str) -> list[SurveyQuestion]:
    lines = [
        f"  - {{id: q{number}, kpi: nps, variant: standard, scope: transactional, scale: {{min: 0, max: 10}}, delay_hours: 2, "
        f"question: How was it, ask: {ask}}}\n"
        for number, ask in enumerate(asks, start=1)
    ]
    return questions_of(parse_map(MAP + "".join(lines)))


def asked(
    found: list[SurveyQuestion], touchpoint: str, action: str = "", stage: str = "", *, is_conversion: bool = False
) -> list[str]:
    return [one.id for one in asked_after(found, touchpoint, action, stage, is_conversion=is_conversion)]


def test_a_question_carries_what_its_map_says_of_it() -> None:
    (one,) = questions("{touchpoints: all}")
    assert (one.map, one.kpi, one.variant, one.scope, one.language) == (
        "shop",
        "nps",
        "standard",
        "transactional",
        "de",
    )
    assert (one.scale_min, one.scale_max, one.points, one.delay_us) == (0, 10, 10, 2 * US_PER_HOUR)


def test_a_map_without_kpis_asks_nothing() -> None:
    assert questions_of(parse_map(MAP.removesuffix("kpis:\n"))) == []


@pytest.mark.parametrize(("touchpoint", "wanted"), [("store", ["q1", "q2"]), ("web", ["q1"]), ("kiosk", [])])
def test_all_touchpoints_are_those_of_the_map(touchpoint: str, wanted: list[str]) -> None:
    assert asked(questions("{touchpoints: all}", "{touchpoints: [store]}"), touchpoint) == wanted


@pytest.mark.parametrize(("stage", "wanted"), [("buy", ["q1"]), ("look", []), ("", [])])
def test_a_question_at_a_stage_follows_every_event_of_the_stage(stage: str, wanted: list[str]) -> None:
    assert asked(questions("{stages: [buy]}"), "store", stage=stage) == wanted


@pytest.mark.parametrize(
    ("touchpoint", "action", "is_conversion", "wanted"),
    [
        ("web", "purchase", True, ["q1"]),
        ("web", "purchase", False, []),
        ("store", "purchase", True, []),
        ("web", "view", True, []),
    ],
)
def test_a_question_after_a_goal_follows_a_conversion_that_may_be_that_goal(
    touchpoint: str, action: str, is_conversion: bool, wanted: list[str]
) -> None:
    found = questions("{goals: [order]}")
    assert asked(found, touchpoint, action=action, stage="buy", is_conversion=is_conversion) == wanted


def test_any_part_of_ask_is_enough_and_the_order_is_the_maps() -> None:
    found = questions("{stages: [buy], touchpoints: [web]}", "{touchpoints: [store]}", "{stages: [look]}")
    assert asked(found, "web", stage="look") == ["q1", "q3"]
    assert asked(found, "store", stage="buy") == ["q1", "q2"]


def test_the_policy_knows_neither_the_simulator_nor_a_clock() -> None:
    tree = ast.parse(inspect.getsource(policy))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    assert [name for name in imported if "simulate" in name or name in ("time", "random", "datetime")] == []
