"""Whatever was observed becomes a map that `touchline map check` takes, with its evidence beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st

from touchline.journey.suggest.draft import draft, identifier, is_nameable
from touchline.journey.suggest.observe import Observed, SeenTouchpoint
from touchline.journey.suggest.write import write_map
from touchline.schemas.journey.coverage import coverage_warnings, touchpoints_of_stages
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import parse_map

TIME = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = st.one_of(
    st.text(min_size=1, max_size=20),
    st.sampled_from(["true", "no", "12", "a: b", "# x", "- y", '"', "{", "Ä ö", "x" * 200]),
)


def seen(touchpoint: str, events: int = 10, **fields: Any) -> SeenTouchpoint:
    given: dict[str, Any] = {
        "persons": 5,
        "channels": {"web": events},
        "actions": {},
        "order_events": 0,
        "declared_events": 0,
    }
    return SeenTouchpoint(touchpoint, events, **(given | {"simulated_events": 0, "median_position": 1.0} | fields))


def observed(*touchpoints: SeenTouchpoint, before: dict[tuple[str, str], int] | None = None, **fields: Any) -> Observed:
    totals: dict[str, Any] = {
        "events": sum(one.events for one in touchpoints),
        "persons": 9,
        "nobody_events": 0,
        "left_out": 0,
    }
    times: dict[str, Any] = {"first_time": TIME, "last_time": TIME, "pause_days": None, "followed": {}}
    return Observed(sources=["shop"], seen=touchpoints, first_before=before or {}, **(totals | times | fields))


def suggested(given: Observed) -> tuple[JourneyMap, str]:
    text = write_map("drafted", given, draft(given))
    return parse_map(text), text


SHOP = observed(
    seen("home", 100),
    seen("product", 80),
    seen("till", 20, actions={"purchase": 18, "refund": 2}, order_events=20, channels={"store": 20}),
    seen("complaint", 5, channels={"letterbox": 5}),
    before={
        ("home", "product"): 40,
        ("home", "till"): 40,
        ("home", "complaint"): 40,
        ("product", "till"): 40,
        ("product", "complaint"): 40,
        ("till", "complaint"): 40,
    },
    followed={("home", "product"): 60, ("product", "till"): 10},
    pause_days=12.0,
)


def test_stages_follow_the_order_and_the_conversion() -> None:
    found, _ = suggested(SHOP)
    assert touchpoints_of_stages(found) == {
        "interest": ["home"],
        "consideration": ["product"],
        "purchase": ["till"],
        "service": ["complaint"],
    }
    assert found.cycle.stays == ("service",)
    assert found.churn is not None
    assert found.churn.inactivity_days == 24


def test_goals_are_the_purchases_of_what_has_orders() -> None:
    found, text = suggested(SHOP)
    assert asked_by_goals(found) == [("till", ("till",), ("purchase",))]
    assert "18 of 20 events have the action purchase" in text
    by_order, _ = suggested(observed(seen("look"), seen("receipt", order_events=10)))
    assert asked_by_goals(by_order) == [("receipt", ("receipt",), None)]


def asked_by_goals(found: JourneyMap) -> list[tuple[str, Any, Any]]:
    return [(goal.id, when.touchpoint, when.action) for goal in found.goals for when in goal.when]


def test_without_an_order_the_goal_is_called_a_guess() -> None:
    _, text = suggested(observed(seen("a"), seen("b"), before={("a", "b"): 50}))
    assert "goals:\n  - {id: b, name: B, when: {touchpoint: b}}  # a guess" in text


def test_comments_hold_the_evidence() -> None:
    _, text = suggested(SHOP)
    assert "# 100 events; 5 persons (56% of all); first met as touchpoint 1 (median); before another one in" in text
    assert "then mostly product (60%)" in text
    assert "actions: purchase 18, refund 2" in text
    assert "no event names a channel that everybody knows" in text
    assert "simulated" not in text
    assert "10 of the events are marked as simulated" in suggested(observed(seen("a", simulated_events=10)))[1]


def test_touchpoints_are_ranked_by_volume() -> None:
    found, _ = suggested(SHOP)
    assert [point.id for point in found.touchpoints] == ["home", "product", "till", "complaint"]


def test_declared_touchpoints_are_known_from_surveys_only() -> None:
    found, _ = suggested(observed(seen("friends", channels={"word_of_mouth": 10}, declared_events=10), seen("shop")))
    friends = next(point for point in found.touchpoints if point.id == "friends")
    assert (friends.observability, friends.ownership, friends.channel) == ("survey_only", "earned", "word_of_mouth")


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    names = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    count = st.integers(0, 30)
    touchpoints = [
        seen(
            name,
            draw(st.integers(1, 30)),
            channels=draw(
                st.dictionaries(st.one_of(NAMES, st.sampled_from(["", "web", "store"])), st.integers(1, 9), max_size=3)
            ),
            actions=draw(
                st.dictionaries(st.one_of(NAMES, st.sampled_from(["", "purchase"])), st.integers(1, 9), max_size=3)
            ),
            order_events=draw(count),
            declared_events=draw(count),
            simulated_events=draw(count),
            median_position=draw(st.none() | st.floats(1, 50)),
        )
        for name in names
    ]
    pair = st.tuples(st.sampled_from(names), st.sampled_from(names))
    pairs = st.dictionaries(pair, count, max_size=20)
    pause = st.none() | st.floats(1, 4_000)
    return observed(*touchpoints, before=draw(pairs), followed=draw(pairs), pause_days=draw(pause))


@given(observations())
def test_whatever_was_observed_is_a_map_that_can_be_used(given: Observed) -> None:
    nameable = {one.touchpoint for one in given.seen if is_nameable(one.touchpoint)}
    if not nameable:
        return
    found, text = suggested(given)
    assert {point.id for point in found.touchpoints} == nameable
    assert all(touchpoints_of_stages(found).values())
    assert [
        warning for warning in coverage_warnings(found) if "no rule" in warning or "unobservable, but" in warning
    ] == []
    assert write_map("drafted", given, draft(given)) == text


@given(st.text(max_size=80))
def test_any_name_gives_a_short_name(name: str) -> None:
    text = (
        f"map: m\nversion: 1\ntitle: t\nstages: [{{id: {identifier(name)}, name: x}}]\ntouchpoints: [{{id: a, name: a, channel: web, "
        f"ownership: owned, observability: traceable}}]\nrules: [{{id: r, when: {{touchpoint: a}}, stage: {identifier(name)}}}]\n"
        "goals: [{id: g, name: g, when: {touchpoint: a}}]\ncycle: {}"
    )
    assert parse_map(text).map == "m"
