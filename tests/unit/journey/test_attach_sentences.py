"""What `attach` decides, one sentence a test, on small cases that can be checked by eye."""

from __future__ import annotations

import pytest

from tests.unit.journey.build import DAY_US, HOUR_US, compiled, event, hourly
from touchline.journey.alone import attach_alone
from touchline.journey.attach import attach
from touchline.journey.values import NO_TAIL, Attachment, JourneyEvent, dump_tail, load_tail

FIVE = compiled("five_stages")
SIX = compiled("six_stages_loyalty")
RETAIL = compiled("retail")
RICH = compiled("rich")

# A colleague's shoe, posters, forums and review portals, the maker's site, trying on, buying in the store with the card; then use and
# a call. The first two and the use are declared (a survey recovered them), the visit to the site was anonymous before it was linked.
RUNNING_SHOE = hourly(
    "word_of_mouth",
    "poster",
    "forum",
    "review_portal",
    "website:view",
    "try_on",
    "store_purchase:purchase",
    "product_use",
    "hotline",
)


def rows(events: list[JourneyEvent], name: str = "rich") -> list[Attachment]:
    return attach(events, compiled(name))[0]


def column(attached: list[Attachment], field: str) -> list[object]:
    return [getattr(row, field) for row in attached]


def test_the_running_shoe_passes_all_five_stages_of_model_a_in_order() -> None:
    attached, _ = attach(RUNNING_SHOE, FIVE)
    assert column(attached, "stage") == [
        "awareness", "favorability", "consideration", "consideration", "consideration", "intention", "conversion", "", "",
    ]  # fmt: skip
    assert column(attached, "transition") == [
        "enter", "advance", "advance", "stay", "stay", "advance", "advance", "", "",
    ]  # fmt: skip
    assert column(attached, "funnel_depth") == [1, 2, 3, 3, 3, 4, 5, 5, 5]
    assert {row.cycle for row in attached} == {1}
    assert sum(row.is_conversion for row in attached) == 1


def test_the_running_shoe_passes_all_six_stages_of_model_b_in_order() -> None:
    attached, _ = attach(RUNNING_SHOE, SIX)
    assert column(attached, "stage") == [
        "awareness", "awareness", "research", "research", "evaluation", "evaluation", "purchase", "use", "support",
    ]  # fmt: skip
    assert column(attached, "funnel_depth") == [1, 1, 2, 2, 3, 3, 4, 5, 6]
    assert {row.cycle for row in attached} == {1}
    assert sum(row.is_conversion for row in attached) == 1
    assert sum(not row.is_online for row in attached) / len(attached) == pytest.approx(6 / 9)


def test_each_row_says_which_rule_decided_and_what_it_asked() -> None:
    attached, _ = attach(RUNNING_SHOE, FIVE)
    assert attached[1].rule == "reminded"
    assert attached[1].evidence == "touchpoint=poster; before: stage=awareness converted=false"
    assert attached[6].evidence == "touchpoint=store_purchase; action=purchase"


def test_every_basket_of_a_household_is_a_conversion_and_a_cycle_of_its_own() -> None:
    attached, _ = attach(hourly(*["store_purchase:purchase"] * 3), RETAIL)
    assert column(attached, "cycle") == [1, 2, 3]
    assert column(attached, "is_conversion") == [True, True, True]
    assert column(attached, "transition") == ["enter"] * 3
    assert column(attached, "wait_us") == [0, HOUR_US, HOUR_US]


def test_stages_that_stay_belong_to_the_converted_cycle_and_others_open_the_next() -> None:
    attached, _ = attach(hourly("coupon", "store_purchase:purchase", "service_desk", "coupon"), RETAIL)
    assert column(attached, "cycle") == [1, 1, 1, 2]
    assert column(attached, "transition") == ["enter", "advance", "advance", "enter"]
    assert [(row.stage_max_before, row.stage_max) for row in attached] == [(0, 2), (2, 3), (3, 4), (0, 2)]


def test_a_jump_over_a_stage_is_a_skip_and_a_step_back_a_return() -> None:
    attached = rows(hourly("mail", "till:purchase", "mail", "phone"))
    assert column(attached, "transition") == ["enter", "skip", "enter", "stay"]
    attached, _ = attach(hourly("coupon", "campaign_mailing", "store_purchase:purchase"), RETAIL)
    assert column(attached, "transition") == ["enter", "return", "skip"]


def test_unmapped_events_are_numbered_and_waited_for_but_do_not_move_the_journey() -> None:
    attached = rows(hourly("nowhere", "mail", "nowhere", "mail"))
    assert column(attached, "stage_order") == [0, 1, 0, 1]
    assert column(attached, "is_mapped") == [False, True, False, True]
    assert column(attached, "cycle") == [0, 1, 1, 1]
    assert column(attached, "touchpoint_number") == [1, 2, 3, 4]
    assert column(attached, "wait_us") == [0, HOUR_US, HOUR_US, HOUR_US]
    assert column(attached, "transition") == ["", "enter", "", "stay"]


def test_an_unmapped_event_puts_the_loss_of_a_journey_off() -> None:
    times = [0, 2 * DAY_US, 4 * DAY_US]
    kept = rows([event(name, at_us=at_us) for name, at_us in zip(["mail", "nowhere", "mail"], times, strict=True)])
    assert column(kept, "cycle") == [1, 1, 1]
    lost = rows([event("mail", at_us=times[0]), event("mail", at_us=times[2])])
    assert column(lost, "cycle") == [1, 2]


def test_a_journey_is_lost_at_its_term_and_a_return_opens_the_next_cycle() -> None:
    just_in_time = rows([event("mail"), event("mail", at_us=3 * DAY_US - 1)])
    assert column(just_in_time, "cycle") == [1, 1]
    assert just_in_time[0].churn_due_at_s == 3 * 86_400
    too_late = rows([event("mail"), event("mail", at_us=3 * DAY_US)])
    assert column(too_late, "cycle") == [1, 2]
    assert too_late[1].transition == "enter"


def test_an_exit_is_due_at_once_and_closes_the_journey_for_what_follows() -> None:
    attached = rows([*hourly("mail", "phone:leave"), event("mail", at_us=2 * HOUR_US)])
    assert attached[1].cycle == 1
    assert attached[1].churn_due_at_s == HOUR_US // 1_000_000
    assert attached[2].cycle == 2


def test_a_row_depends_on_what_came_before_it_only() -> None:
    events = hourly("mail", "web", "till:purchase", "phone", "mail")
    whole = rows(events)
    for count in range(len(events)):
        assert rows(events[:count]) == whole[:count]


def test_answers_are_placed_into_the_moment_and_move_nothing() -> None:
    bought = hourly("coupon", "store_purchase:purchase")
    _, tail = attach(bought, RETAIL)
    answer = event("store_purchase", at_us=5 * HOUR_US, moves=False)
    (placed,), tail_after = attach([answer], RETAIL, tail)
    assert tail_after == tail
    assert (placed.stage, placed.rule, placed.cycle, placed.transition) == ("purchase", "paid_at_till", 1, "")
    assert (placed.touchpoint_number, placed.wait_us, placed.first_of, placed.is_conversion) == (0, 0, 0, False)
    assert placed.stage_max_before == placed.stage_max == 3


def test_an_answer_belongs_to_a_stage_of_the_touchpoint_it_is_about() -> None:
    _, tail = attach(hourly("website:compare", "try_on"), FIVE)
    about = [event(name, at_us=9 * HOUR_US, moves=False) for name in ("website", "forum", "product_seen", "elsewhere")]
    website, forum, seen, elsewhere = attach(about, FIVE, tail)[0]
    assert website.stage == "intention"  # one of the website's stages, and where the person is
    assert forum.stage == "consideration"  # no stage of the moment for a forum, but the only one it has
    assert seen.stage == elsewhere.stage == "intention"  # no rule names them: the stage of the moment
    assert seen.rule == ""


def test_an_answer_of_nobody_is_placed_by_its_touchpoint() -> None:
    placed = attach_alone(event("website", moves=False), FIVE)
    assert (placed.stage, placed.cycle, placed.is_mapped) == ("intention", 0, True)
    assert attach_alone(event("elsewhere", moves=False), FIVE).is_mapped is False


def test_events_of_nobody_have_a_stage_but_no_journey() -> None:
    placed = attach_alone(event("store_purchase", "purchase", persona="tourist"), RETAIL)
    assert (placed.stage, placed.stage_order, placed.is_conversion, placed.persona) == ("purchase", 3, True, "tourist")
    assert (placed.cycle, placed.touchpoint_number, placed.first_of, placed.transition) == (0, 0, 0, "")
    assert (placed.stage_max, placed.funnel_depth, placed.churn_due_at_s, placed.wait_us) == (0, 0, 0, 0)


def test_persona_and_segment_hold_from_the_event_on_that_gave_them() -> None:
    attached = rows(
        [
            event("mail", at_us=0),
            event("forum", at_us=1),
            event("mail", at_us=2),
            event("mail", at_us=3, persona="gift_buyer", segment="staff"),
            event("mail", at_us=4),
            event("forum", at_us=5),
        ]
    )
    assert column(attached, "persona") == ["", "expert", "expert", "gift_buyer", "gift_buyer", "expert"]
    assert column(attached, "segment") == ["", "", "", "staff", "staff", "staff"]


def test_a_rule_sees_the_persona_that_its_own_event_gives() -> None:
    attached = rows([event("phone"), event("phone", at_us=1, persona="expert")])
    assert column(attached, "rule") == ["looked", "called_expert"]


def test_the_first_rule_that_holds_wins() -> None:
    attached = rows([event("till", "purchase", properties={"price": "60"}), event("till", "purchase", at_us=1)])
    assert column(attached, "segment") == ["big", "small"]
    assert column(attached, "rule") == ["bought", "bought"]


@pytest.mark.parametrize(
    ("category", "bot", "stage"),
    [("shoes", None, "weigh"), ("boots", None, "weigh"), ("hats", None, "look"), ("shoes", "true", "look")],
)
def test_rules_look_at_the_content_of_an_event(category: str, bot: str | None, stage: str) -> None:
    properties = {"category": category} | ({"bot": bot} if bot else {})
    assert rows([event("web", properties=properties)])[0].stage == stage


@pytest.mark.parametrize(
    ("chain", "depth"),
    [
        ("coupon campaign_mailing coupon store_purchase:purchase service_desk", 4),
        ("campaign_mailing coupon store_purchase:purchase service_desk loyalty_card:redeem", 5),
        ("service_desk store_purchase:purchase", 0),
        ("store_purchase:purchase loyalty_card:redeem", 0),
        ("loyalty_card:redeem service_desk campaign_mailing", 1),
    ],
)
def test_funnel_depth_counts_the_stages_passed_in_order(chain: str, depth: int) -> None:
    assert rows(hourly(*chain.split()), "retail")[-1].funnel_depth == depth


def test_first_of_bits_follow_the_local_day_also_when_it_goes_back() -> None:
    at_us = 10 * DAY_US
    events = [
        event("mail", at_us=at_us, local_day=10, event_id="1"),
        event("mail", at_us=at_us + HOUR_US, local_day=9, event_id="2"),  # further west, where it is still yesterday
        event("mail", at_us=at_us + 2 * HOUR_US, local_day=10, event_id="3"),
        event("mail", at_us=at_us + 3 * HOUR_US, local_day=9, event_id="4"),
    ]
    tail = NO_TAIL
    attached: list[Attachment] = []
    for one in events:
        placed, tail = attach([one], RICH, load_tail(dump_tail(tail)))
        attached += placed
    assert column(attached, "first_of") == [255, 255, 0, 0]


def test_a_second_cycle_on_the_same_day_is_a_new_journey_but_no_new_person() -> None:
    attached, _ = attach(hourly("store_purchase:purchase", "store_purchase:purchase", "nowhere"), RETAIL)
    assert column(attached, "first_of") == [255, 0b1111_0000, 0b1010_1010]


def test_the_channel_is_the_events_else_the_touchpoints_and_online_by_the_touchpoint_else_by_the_vocabulary() -> None:
    attached = rows(
        [
            event("till"),
            event("till", at_us=1, channel="web"),
            event("nowhere", at_us=2, channel="web"),
            event("nowhere", at_us=3),
            event("forum", at_us=4),
        ]
    )
    assert [(row.channel, row.is_online) for row in attached] == [
        ("store", False),
        ("web", False),
        ("web", True),
        ("", False),
        ("board", True),
    ]


def test_a_rule_may_ask_which_touchpoints_the_journey_has_met() -> None:
    assert column(rows(hourly("phone", "phone")), "rule") == ["looked", "called_again"]
    assert column(rows(hourly("mail", "till:browse")), "rule") == ["looked", "browsed_in_store"]
    assert column(rows(hourly("forum", "till:browse")), "rule") == ["", ""]


def test_the_dumped_tail_of_another_release_is_refused() -> None:
    with pytest.raises(TypeError, match="has 17"):
        load_tail([*dump_tail(NO_TAIL)][:-1])
