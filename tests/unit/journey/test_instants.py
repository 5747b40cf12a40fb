"""Events of one instant: no result depends on what they are called or how they come."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.unit.journey.build import DAY_US, HOUR_US, compiled, event
from tests.unit.journey.test_attach_against_oracle import COMPILED, named_events
from touchline.journey.attach import attach
from touchline.journey.instants import last_moment_of, runs_at_once
from touchline.journey.values import Attachment, JourneyEvent, Tail

RICH = compiled("rich")
RETAIL = compiled("retail")


def told(events: list[JourneyEvent], attached: list[Attachment]) -> Counter[str]:
    """What readers may count: each row with what its event says, without source and id."""
    return Counter(
        repr((one._replace(source="", event_id="", properties=sorted(one.properties.items())), row))  # type: ignore[arg-type]
        for one, row in zip(events, attached, strict=True)
    )


def of_instant(*names: str, at_us: int = 0, **fields: Any) -> list[JourneyEvent]:
    """`till:purchase` names an action too."""
    return [event(*name.split(":"), at_us=at_us, event_id=f"{place}", **fields) for place, name in enumerate(names)]


def followed(events: list[JourneyEvent], name: str = "rich") -> list[str]:
    """Touchpoints (and actions) in the order in which the map numbers them."""
    attached, _ = attach(events, compiled(name))
    numbered = sorted(zip(attached, events, strict=True), key=lambda one: one[0].touchpoint_number)
    return [f"{one.touchpoint}:{one.action}".removesuffix(":") for _, one in numbered]


@given(named_events, st.randoms(use_true_random=False))
def test_other_names_and_another_order_within_instants_change_no_result(
    drawn: tuple[str, list[JourneyEvent]], chance: Any
) -> None:
    name, events = drawn
    names = [(source, f"{number}") for number in range(len(events)) for source in ("app", "pos")]
    chance.shuffle(names)
    other = [one._replace(source=names[at][0], event_id=names[at][1]) for at, one in enumerate(events)]
    chance.shuffle(other)
    other.sort(key=lambda one: one.time_us)
    rows, tail = attach(events, COMPILED[name])
    other_rows, other_tail = attach(other, COMPILED[name])
    assert told(other, other_rows) == told(events, rows)
    assert other_tail == tail


@given(named_events, st.data())
def test_what_follows_an_instant_does_not_depend_on_names(
    drawn: tuple[str, list[JourneyEvent]], data: st.DataObject
) -> None:
    """The whole history at one instant, in two orders, and then one more event."""
    name, events = drawn
    instant = [one._replace(time_us=events[0].time_us) for one in events]
    shuffled = data.draw(st.permutations(instant))
    tails: list[Tail] = [attach(one, COMPILED[name])[1] for one in (instant, shuffled)]
    assert tails[0] == tails[1]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("ids", [("9", "10", "11"), ("09", "10", "11"), ("c", "b", "a"), ("b", "c", "a")])
def test_steps_of_one_instant_are_one_journey_whatever_their_ids(order: tuple[int, ...], ids: tuple[str, ...]) -> None:
    mailing = event("campaign_mailing")
    instant = [
        event(*name.split(":"), at_us=DAY_US, event_id=event_id)
        for name, event_id in zip(("coupon:show", "store_purchase:purchase", "service_desk:ask"), ids, strict=True)
    ]
    attached, tail = attach([mailing, *(instant[place] for place in order)], RETAIL)
    assert {row.cycle for row in attached} == {1}
    by_touchpoint = {instant[place].touchpoint: row for place, row in zip(order, attached[1:], strict=True)}
    assert by_touchpoint["store_purchase"].is_conversion
    assert by_touchpoint["store_purchase"].transition in ("advance", "skip")
    assert tail.funnel_depth >= 3


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["till:purchase", "phone", "web"], ["phone", "web", "till:purchase"]),
        (["x", "till:purchase", "web"], ["web", "till:purchase", "x"]),
        (["web:leave", "x", "web"], ["web", "x", "web:leave"]),
        (["web:leave", "till:purchase", "mail"], ["mail", "till:purchase", "web:leave"]),
    ],
)
def test_an_instant_goes_by_stage_then_unmapped_then_exits(names: list[str], expected: list[str]) -> None:
    assert {tuple(followed(of_instant(*one))) for one in permutations(names)} == {tuple(expected)}


def test_a_stage_that_stays_follows_the_conversion_and_any_other_comes_before_it() -> None:
    staying = of_instant("service_desk:ask", "store_purchase:purchase", "coupon:show")
    assert [row.cycle for row in attach(staying, RETAIL)[0]] == [1, 1, 1]
    assert followed(staying, "retail")[0] == "coupon:show"


def test_an_answer_is_placed_after_the_touchpoints_of_its_instant() -> None:
    answer, purchase = event("till", event_id="1", moves=False), event("till", "purchase", event_id="2")
    for events in ([answer, purchase], [purchase, answer]):
        attached, _ = attach(events, RICH)
        placed = attached[events.index(answer)]
        assert (placed.cycle, placed.stage) == (1, "buy")


def test_a_rule_that_asks_what_came_before_sees_the_steps_of_its_instant_that_stand_before_it() -> None:
    for names in (["till:refund", "till:purchase"], ["till:purchase", "till:refund"]):
        events = of_instant(*names)
        attached, _ = attach(events, RICH)
        assert attached[names.index("till:refund")].rule == "returned_goods"


def test_events_of_the_same_microsecond_count_as_ordered_for_the_funnel() -> None:
    names = ["store_purchase:purchase", "coupon:show", "campaign_mailing"]
    for one in permutations(names):
        assert attach(of_instant(*one), RETAIL)[1].funnel_depth == 3


@given(st.lists(st.sampled_from([0, 0, 1, HOUR_US]), max_size=12))
def test_runs_at_once_are_the_runs_of_equal_times(gaps: list[int]) -> None:
    times = [sum(gaps[: place + 1]) for place in range(len(gaps))]
    runs = runs_at_once(times, times)
    covered = [place for start, end in runs for place in range(start, end)]
    assert covered == [place for place, time in enumerate(times) if times.count(time) > 1]
    assert all(len(set(times[start:end])) == 1 and end - start == times.count(times[start]) for start, end in runs)


@given(named_events)
def test_what_certainly_came_before_stands_before(drawn: tuple[str, list[JourneyEvent]]) -> None:
    name, events = drawn
    attached, _ = attach(events, COMPILED[name])
    moving = [(row.touchpoint_number, one) for one, row in zip(events, attached, strict=True) if one.moves]
    for number, one in moving:
        for other_number, other in moving:
            assert number < other_number or last_moment_of(one) >= other.time_us


SECOND_US = 1_000_000


@pytest.mark.parametrize(
    ("order", "numbered"),
    [
        ("P~ c2 n5", "c2 P~ n5"),
        ("c2 P~", "c2 P~"),
        ("P~ p2 c6", "p2 c6 P~"),
        ("P~ n2 c6", "n2 c6 P~"),
        ("P~ n2", "P~ n2"),
        ("M~ n2 c6 p8", "M~ n2 c6 p8"),
        ("C~ m2 p4 m6 p8", "m2 C~ p4 m6 p8"),
        ("N~ m2 c4", "m2 c4 N~"),
        ("P~ C~ m3", "m3 C~ P~"),
        ("P~ p2 p4", "p2 p4 P~"),
    ],
)
def test_an_event_known_to_the_second_stands_among_exact_ones_where_its_stage_does(order: str, numbered: str) -> None:
    """Mailing, coupon, purchase and what no rule maps; `~` is known to the second, a digit the tenth of an exact one."""
    kinds = {
        "m": ("campaign_mailing", "send"),
        "c": ("coupon", "show"),
        "p": ("store_purchase", "purchase"),
        "n": ("nowhere", ""),
    }
    events = [
        event(*kinds[name[0].lower()], at_us=0 if name[1] == "~" else int(name[1]) * 100_000, event_id=name)._replace(
            span_us=SECOND_US - 1 if name[1] == "~" else 0
        )
        for name in order.split()
    ]
    for given_order in permutations(events):
        by_time = sorted(given_order, key=lambda one: one.time_us)
        attached, _ = attach(by_time, RETAIL)
        places = sorted(
            zip((row.touchpoint_number for row in attached), by_time, strict=True), key=lambda pair: pair[0]
        )
        assert " ".join(one.event_id for _, one in places) == numbered


def test_an_answer_known_to_the_day_changes_nothing_else() -> None:
    coupon, purchase = event("coupon", "show", at_us=HOUR_US), event("store_purchase", "purchase", at_us=2 * HOUR_US)
    cut = event("store_purchase", "purchase", at_us=2 * HOUR_US, event_id="c")._replace(span_us=HOUR_US - 1)
    answer = event("store_purchase", "answer", moves=False)._replace(span_us=DAY_US - 1)
    without, tail = attach([coupon, purchase, cut], RETAIL)
    (placed, *others), other_tail = attach([answer, coupon, purchase, cut], RETAIL)
    assert (others, other_tail) == (without, tail)
    assert placed.cycle == without[-1].cycle
