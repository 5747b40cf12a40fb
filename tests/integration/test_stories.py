"""The stories of the articles, as `./run demo` plays them, on real Kafka and the real engine. Every number is worked out by hand: shares
have Wilson's interval, their differences Newcombe's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from scripts.stories import launch, support, tacos
from scripts.stories.page import lines
from scripts.stories.place import ALERTS, FILES, SHIPPED_MAPS
from scripts.stories.play import Player
from scripts.stories.seen import Looking
from scripts.stories.services import services
from scripts.stories.verdict import in_words
from scripts.stories.writing import DAYS
from tests.support.engines import Ledger, own_face_with_worker
from tests.support.ports import free_port
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from touchline.clickhouse.connect import connect
from touchline.kafka.topic import ensure_topic
from touchline.schemas.journey.read import find_map, load_map
from touchline.settings import PACKAGED_JOURNEYS_DIR
from touchline.surveys.policy import asked_after, questions_of

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

RATED_BY_RUNNERS = """
SELECT toString(touchpoint), toString(stage), toString(kpi), toString(variant), toString(scope), n, value, scale_low, scale_high
FROM journey_api.survey_by_touchpoint(map = %(map)s, map_version = 1, date_from = %(first)s, date_to = %(last)s, filter = map(),
    before_from = %(last)s, before_to = %(first)s)"""


class Played(NamedTuple):
    ledger: Ledger
    looking: Looking


@pytest.fixture(scope="module")
def played(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("stories")
    begins = (datetime.now(UTC) - timedelta(days=DAYS)).date()
    own: dict[str, Any] = {"care_dir": folder / "care", "partitions": 1, "tick_seconds": 0.5}
    own |= {"collector_port": free_port(), "surveys_port": free_port(), **FILES}
    with own_face_with_worker(stack, folder, **own) as ledger:
        ensure_topic(ledger.settings.with_changes(topic=ALERTS, partitions=1), 1)
        with services(ledger.settings, stack.guard) as running:
            Player(running, begins, lambda _line: None).play()
        wait_until_at_rest(ledger.settings)
        client = connect(ledger.settings)
        yield Played(ledger, Looking(client, ledger.settings, begins))
        client.disconnect()


def test_the_running_shoe_goes_through_every_stage_of_two_maps(played: Played) -> None:
    five, six = (
        list(dict.fromkeys(stage for _, stage, _ in played.looking.way(name)))
        for name in ("five_stages", "six_stages_loyalty")
    )
    assert five == ["awareness", "favorability", "consideration", "intention", "conversion"]
    assert six == ["awareness", "research", "evaluation", "purchase", "use", "support"]


def test_a_campaign_that_nobody_can_track_has_a_reach_with_its_interval_and_a_verdict_with_its_cost(
    played: Played,
) -> None:
    after = played.looking.reach(launch.NORTH, launch.AFTER, "radio")
    assert (after.n, after.named, after.buyers) == (60, 24, 60)
    assert after.share == pytest.approx((0.4, 0.28570, 0.52634), abs=1e-4)
    measure, more = played.looking.launch()
    assert measure.effect == pytest.approx((32.308, 6.398, 53.77), abs=0.01)
    assert in_words(measure.effect) == "consistent with an improvement by the measure; observed, not tried"
    assert (measure.cost, measure.currency) == (2600, "EUR")
    assert measure.cost_per_point == pytest.approx(80.48, abs=0.01)
    assert more == pytest.approx((60 / 26, 1.1127, 4.7861), abs=1e-3)


def test_what_buyers_answer_on_the_page_and_at_the_till_is_one_number_and_stands_apart_from_what_was_observed(
    played: Played,
) -> None:
    counted = "SELECT toString(source), count() FROM journey.answers WHERE kpi = 'heard_of_us' AND disposition = 'complete' GROUP BY source"
    assert dict(ask(played.ledger.settings, counted)) == {"stories": 130, "surveys": launch.ASKED_BY_US}
    declared = "SELECT countIf(is_declared), count() FROM journey.touchpoints WHERE touchpoint IN ('radio', 'newspaper', 'search_engine')"
    assert ask(played.ledger.settings, declared) == [(28 + 12 + 41, 28 + 12 + 41)]


def test_a_map_on_which_all_is_liked_misses_its_target_at_the_hotline_only(played: Played) -> None:
    kpis = played.looking.kpis("shop", (70, 90))
    assert {name: (one.kpi, one.n, one.verdict) for name, one in kpis.items()} == {
        "web_order": ("csat", 24, "met"), "product_use": ("csat", 24, "met"), "hotline": ("ces", 24, "missed"),
    }  # fmt: skip
    assert kpis["product_use"].value == pytest.approx((100, 86.20, 100), abs=0.01)
    assert kpis["hotline"].value == pytest.approx((50, 31.43, 68.57), abs=0.01)


def test_more_stay_away_after_a_hard_call_than_after_an_easy_one(played: Played) -> None:
    *counts, difference, low, high, says = played.looking.after_the_wait()
    assert counts == [12, 10, 12, 2]
    assert (difference, low, high) == pytest.approx((2 / 3, 0.26877, 0.83595), abs=1e-4)
    assert says == "consistent with bad experiences here driving people away; observed, not tried"


def test_waits_that_go_on_open_a_case_for_the_effort_and_one_for_the_loop_of_each_who_may_be_called(
    played: Played,
) -> None:
    cases = played.looking.cases()
    opened = Counter(rule for rule, *_ in cases)
    called = len(support.MAY_BE_CALLED) + 1
    assert opened == {"hard_to_get_help": called, "calls_again": called, "badly_served_twice": 1}
    assert all(is_simulated for *_, is_simulated in cases)
    assert {is_in_sla for *_, is_in_sla, _ in cases} == {1, None}, (
        "the term begins when the answer is known, not when it was given"
    )
    worked = [(rule, state, owner, cause) for rule, _, state, owner, cause, *_ in cases if state != "opened"]
    assert worked == [
        ("badly_served_twice", "verified", "Restaurant manager", "too_few_waiters"),
        ("hard_to_get_help", "verified", "Service", "long_wait"),
    ]


def test_a_guest_is_called_before_she_stays_away_and_each_case_is_told_once(played: Played) -> None:
    told = [one for one in played.looking.alerts() if one["state"] == "opened"]
    assert Counter(one["case"] for one in told) == Counter(case for _, case, *_ in played.looking.cases())
    (alert,) = (one for one in told if one["rule"] == "badly_served_twice")
    reason = [datetime.fromisoformat(one["time"]) for one in alert["reason"]]
    assert [at.date() for at in reason] == [played.looking.day(day) for day in tacos.VISITS[:2]]
    assert [one["score"] for one in alert["reason"]] == [2, 2]
    assert reason[-1] < played.looking.rosa(DAYS)[3][2], "before she counts as lost"
    assert alert["simulated"] is True


def test_a_gap_is_a_loss_until_the_guest_returns_and_opens_the_next_journey(played: Played) -> None:
    before, after = played.looking.rosa(tacos.VISITS[-1] + tacos.TERM_DAYS + 3), played.looking.rosa(DAYS)
    assert [state for _, state, *_ in before] == ["followed"] * 3 + ["churned"]
    assert [(cycle, state, back_in) for cycle, state, _, _, back_in in after] == [
        (1, "followed", None), (2, "followed", None), (3, "followed", None), (4, "returned", 5), (5, "active", None),
    ]  # fmt: skip
    assert before[3][2] == after[3][2]
    assert after[3][3].date() == played.looking.day(tacos.RETURN_DAY)


def test_who_comes_back_is_counted_as_recovered_with_an_interval(played: Played) -> None:
    lost, returned, n, *rate = played.looking.recovery()
    assert (lost, returned, n) == (1, 1, 1)
    assert rate == pytest.approx((1, 0.20655, 1), abs=1e-4)
    recovered = {rule: (asked, *rate) for rule, _, _, asked, *rate in played.looking.case_kpis() if asked}
    assert recovered == {
        rule: (1, 1, pytest.approx(0.20655, abs=1e-4), 1) for rule in ("badly_served_twice", "hard_to_get_help")
    }


def test_a_measure_at_one_touchpoint_is_held_against_the_one_that_it_did_not_touch(played: Played) -> None:
    kpis, measure = played.looking.service()
    assert kpis["table_service"].value == pytest.approx((80, 62.69, 90.49), abs=0.01)
    assert kpis["table_service"].change == pytest.approx((40, 15.26, 58.64), abs=0.01)
    assert kpis["meal"].change == pytest.approx((0, -16.93, 16.93), abs=0.01)
    assert measure.effect == pytest.approx((40, 10.02, 65.19), abs=0.01)
    assert measure.cost_per_point == pytest.approx(30)


def test_the_same_answers_are_three_result_sets_under_three_policies_and_none_mixes_scales(played: Played) -> None:
    assert {name: results(played, name) for name in SHIPPED_MAPS} == {
        "five_stages": {
            ("website", "ces", "top_3_box", "transactional"): (10, 70.0),
            ("store_purchase", "nps", "standard", "transactional"): (10, 40.0),
            ("store_purchase", "csat", "top_2_box", "relational"): (10, 70.0),
        },
        "five_stages_service": {
            ("website", "csat", "top_2_box", "transactional"): (10, 60.0),
            ("store_purchase", "csat", "top_2_box", "transactional"): (10, 90.0),
        },
        "six_stages_loyalty": {
            ("website", "nps", "standard", "transactional"): (10, 0.0),
            ("store_purchase", "nps", "standard", "transactional"): (10, 40.0),
        },
    }


def results(played: Played, of_map: str) -> dict[tuple[str, ...], tuple[int, float]]:
    """What the policy of a map asks of the runners: (touchpoint, KPI, variant, scope) -> n and value."""
    journey_map = load_map(find_map(of_map, PACKAGED_JOURNEYS_DIR))
    conversions = {"store_purchase"}
    days = {"first": played.looking.day(58), "last": played.looking.day(59)}
    found: dict[tuple[str, ...], tuple[int, float]] = {}
    for touchpoint, stage, kpi, variant, scope, n, value, *scale in ask(
        played.ledger.settings, RATED_BY_RUNNERS, map=of_map, **days
    ):
        action = "purchase" if touchpoint in conversions else "compare"
        asked = asked_after(
            questions_of(journey_map), touchpoint, action, stage, is_conversion=touchpoint in conversions
        )
        if (kpi, variant, scope) in {(one.kpi, one.variant, one.scope) for one in asked}:
            assert (touchpoint, kpi, variant, scope) not in found, "one scale each"
            assert scale == ([-100, 100] if kpi == "nps" else [0, 100])
            found[touchpoint, kpi, variant, scope] = (n, value)
    return found


def test_the_demo_shows_alert_case_recovery_and_verdict_and_says_that_all_is_simulated(played: Played) -> None:
    page = "\n".join(lines(played.looking))
    for words in (
        "simulated",
        "alert: ",
        "verified",
        "recovery: of 1 lost 1 returned",
        "verdict on more_waiters",
        "EUR a point",
    ):
        assert words in page, page
