"""What the demo prints of the stories: each number with its n and its interval, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.stories import launch, tacos
from scripts.stories.seen import Kpi, Looking
from scripts.stories.verdict import Estimate, in_words
from scripts.stories.writing import DAYS

SHOWN_DIGITS = 8


def lines(looking: Looking) -> Iterator[str]:
    """All four stories, then the cases."""
    yield "\nThe four stories of the articles. Everything in them is simulated; n is small, so read the intervals (95 %)."
    yield from _shoe(looking)
    yield from _launch(looking)
    yield from _support(looking)
    yield from _tacos(looking)
    yield from _cases(looking)


def _shoe(looking: Looking) -> Iterator[str]:
    yield "\nX1  The running shoe: one customer, met where nobody can track and where one can"
    for of_map in ("five_stages", "six_stages_loyalty"):
        way = looking.way(of_map)
        stages = " > ".join(dict.fromkeys(stage for _, stage, _ in way))
        offline = sum(not online for *_, online in way)
        yield f"    map {of_map}: {stages}; {offline} of {len(way)} touchpoints offline"
    yield "    stands in: journey.attachments, journey.orders"


def _launch(looking: Looking) -> Iterator[str]:
    yield "\nX2  Radio and newspaper, in the north only: known by what buyers say when asked how they heard of it"
    for place in (launch.NORTH, launch.SOUTH):
        for name, days in (("before", launch.BEFORE), ("after", launch.AFTER)):
            one = looking.reach(place, days, "radio")
            yield f"    {place} {name:<7} radio: {one.named} of {one.n} buyers, {_percent(one.share)}"
    paper = looking.reach(launch.NORTH, launch.AFTER, "newspaper")
    yield f"    {launch.NORTH} after   newspaper: {paper.named} of {paper.n} buyers, {_percent(paper.share)}"
    measure, more = looking.launch()
    yield f"    verdict on {launch.INITIATIVE}: {_points(measure.effect)} more than the south: {in_words(measure.effect)}"
    yield f"    buyers rose {more.value:.2f} times as much as in the south ({more.low:.2f} to {more.high:.2f}): {in_words(more, 1.0)}"
    yield f"    cost {measure.cost:,.0f} {measure.currency}{_per_point(measure.cost_per_point, measure.currency)}"
    yield "    stands in: journey_api.declared_reach, journey.initiatives"


def _support(looking: Looking) -> Iterator[str]:
    yield "\nX3  The wait: everything is liked, and people leave at the hotline"
    for one in looking.kpis("shop", (70, 90)).values():
        yield f"    {_kpi(one)}, target {one.target:.0f}: {one.verdict}"
    bad, bad_lost, good, good_lost, difference, low, high, says = looking.after_the_wait()
    yield f"    did not come back: {bad_lost} of {bad} after a hard call, {good_lost} of {good} after an easy one"
    yield f"    difference {_points(Estimate(difference, low, high).times(100))}: {says}"
    yield "    stands in: journey_api.survey_by_touchpoint, journey_api.churn_after_experience"


def _tacos(looking: Looking) -> Iterator[str]:
    yield "\nX4  Vivan los Tacos: Rosa loves the tacos (5 of 5) and is served badly (2 of 5), four weeks in a row"
    for day in (tacos.VISITS[-1] + tacos.TERM_DAYS + 3, DAYS):
        *_, (cycle, state, lost, back, back_in) = [one for one in looking.rosa(day) if one[0] <= len(tacos.VISITS)]
        more = f"; back on {back:%Y-%m-%d}, in journey {back_in}" if back else ""
        yield f"    as of {looking.day(day)} her journey {cycle} is {state}: lost on {lost:%Y-%m-%d}{more}"
    lost, returned, n, rate, low, high = looking.recovery()
    yield f"    recovery: of {lost} lost {returned} returned; within 30 days {_percent(Estimate(rate, low, high))}, n = {n}"
    kpis, measure = looking.service()
    for one in kpis.values():
        assert one.change is not None
        yield f"    {_kpi(one)}; change {_points(one.change)}"
    yield f"    verdict on {tacos.INITIATIVE}: {_points(measure.effect)} more than the tacos: {in_words(measure.effect)}"
    yield f"    cost {measure.cost:,.0f} {measure.currency}{_per_point(measure.cost_per_point, measure.currency)}"
    yield "    stands in: journey_api.churn, journey_api.churn_rate, journey_api.survey_by_touchpoint, journey.initiatives"


def _cases(looking: Looking) -> Iterator[str]:
    yield "\nCases that the rules opened, each alerted once, and how far they are"
    for alert in looking.alerts():
        if alert["state"] == "opened" and alert["rule"] == "badly_served_twice":
            scores = ", ".join(
                f"{one['touchpoint']} {one['score']:g}" for one in alert["before"] if one.get("score") is not None
            )
            reason = alert["reason"][-1]["time"][:10]
            yield f"    alert: {alert['id'][:SHOWN_DIGITS]}…, {alert['severity']}, to {alert['owner']}, about {reason}; before: {scores}"
    for rule, case, state, owner, cause, touchpoint, is_in_sla, _ in looking.cases():
        more = "".join(
            (f", {owner}" if owner else "", f", cause {cause}" if cause else "", ", in time" if is_in_sla else "")
        )
        yield f"    {case[:SHOWN_DIGITS]}  {rule:<20} {touchpoint:<14} {state}{more}"
    for rule, n, contacted, asked, *recovered in looking.case_kpis():
        again = f"; asked again {asked}, recovered {_percent(Estimate(*recovered))}" if asked else ""
        yield f"    {rule}: {n} cases, {contacted} reached{again}"
    yield "    stands in: journey.cases, journey.case_kpis, journey.case_causes"


def _kpi(one: Kpi) -> str:
    value = one.value
    return f"{one.kpi.upper()} {one.touchpoint}: {value.value:.1f} % ({value.low:.1f} to {value.high:.1f}), n = {one.n}"


def _percent(share: Estimate) -> str:
    value, low, high = (100 * one for one in share)
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def _points(one: Estimate) -> str:
    return f"{one.value:+.1f} points ({one.low:+.1f} to {one.high:+.1f})"


def _per_point(cost: float | None, currency: str) -> str:
    return (
        f", {cost:,.0f} {currency} a point" if cost is not None else "; no cost a point while the effect is not clear"
    )
