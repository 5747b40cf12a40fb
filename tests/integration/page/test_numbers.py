"""The numbers of the page: what Chromium shows of the demo's data is what ClickHouse says, and behind each stand as many journeys."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Route, expect

from tests.support.dashboards import DashboardProcess
from tests.support.page_reader import SHOP, VIEWS, Reader, events_at, number_in
from touchline.wording import percent_of

AS_OF = {"as_of": "2024-06-30T12:00:00"}


def test_the_map_shows_what_the_views_say(analyst: Reader, running: DashboardProcess) -> None:
    analyst.open(**SHOP)
    assert analyst.events("search") == [events_at(running, "search")]
    answers = [row for row in running.rows("survey-by-touchpoint", **SHOP) if row["touchpoint"] == "search"]
    values = analyst.card("search").locator(".kpi-big")
    assert sorted(float(str(values.nth(at).get_attribute("data-value"))) for at in range(values.count())) == sorted(
        row["value"] for row in answers
    )
    assert analyst.card("search").get_by_text("simulated").count() == 1
    expect(analyst.card("product_use")).to_contain_text("Known from surveys only")
    assert analyst.card("product_use").locator(".fact-events").count() == 0


def test_a_card_has_its_kpis_in_the_order_in_which_the_map_asks_them(
    analyst: Reader, running: DashboardProcess
) -> None:
    (shop,) = [one for one in running.get("/api/maps").json() if one["map"] == "web_shop"]
    asked = [one["kpi"] for one in shop["content"]["kpis"]]
    analyst.open(**SHOP)
    for touchpoint in ("search", "cart", "catalog", "payment_details"):
        names = analyst.card(touchpoint).locator(".kpi-name").all_inner_texts()
        assert names == sorted(names, key=lambda name: asked.index(name.strip().lower()))
    assert analyst.card("search").locator(".kpi-name").count() > 1


def test_a_filter_changes_the_numbers_as_its_sql_says_and_stands_in_the_address(
    analyst: Reader, running: DashboardProcess
) -> None:
    analyst.open(**SHOP)
    whole = analyst.events("search")
    analyst.choose("segment", "loyal")
    assert "segment=loyal" in analyst.page.url
    assert analyst.events("search") == [events_at(running, "search", segment="loyal")] != whole
    analyst.page.go_back()
    analyst.settle()
    assert analyst.events("search") == whole
    analyst.page.go_forward()
    analyst.settle()
    analyst.go(analyst.page.get_by_role("link", name="Funnel", exact=True))
    assert "segment=loyal" in analyst.page.url
    analyst.go(analyst.page.get_by_role("button", name="Remove Segment"))
    assert "segment" not in analyst.page.url


def test_two_periods_stand_side_by_side(analyst: Reader, running: DashboardProcess) -> None:
    analyst.open(**SHOP, compare="period:2024-02-01..2024-03-31")
    before = events_at(running, "search", from_="2024-02-01", to="2024-03-31")
    assert analyst.events("search") == [events_at(running, "search"), before]
    analyst.go(analyst.page.get_by_role("link", name="Funnel", exact=True))
    assert analyst.page.locator("[data-panel^=funnel-]").count() == 2


def test_two_personas_stand_side_by_side(analyst: Reader, running: DashboardProcess) -> None:
    analyst.open(**SHOP, persona="comparer")
    analyst.page.locator('[data-menu="compare"]').get_by_role("button").first.click()
    analyst.go(analyst.page.get_by_role("button", name="Persona Bargain hunter"))
    personas = [events_at(running, "search", persona=one) for one in ("comparer", "bargain_hunter")]
    assert analyst.events("search") == personas
    for view in VIEWS:
        assert analyst.visit(view).overflow() <= 0, view


@pytest.mark.parametrize("mode", ["in_order", "any"])
def test_behind_counts_of_each_kind_of_the_funnel_stand_as_many_journeys(analyst: Reader, mode: str) -> None:
    analyst.open(**SHOP, view="funnel", mode=mode)
    counts = analyst.page.locator(".funnel .num")
    links = [(number_in(counts.nth(at)), str(counts.nth(at).get_attribute("href"))) for at in range(counts.count())]
    assert len(links) >= 12
    for count, href in links[::5]:  # another kind at another stage each
        analyst.page.goto(f"{analyst.process.url}/{href}")
        analyst.settle()
        assert number_in(analyst.panel("journeys-a").locator("h2")) == count, href


def heads_of(analyst: Reader, rows: list[dict[str, object]]) -> list[tuple[int, str]]:
    """What the map's heads of stages say: journeys, and the share that continued."""
    found = []
    for row in rows:
        stage = analyst.stage(str(row["stage"]))
        found.append((number_in(stage.locator(".stage-reached dd")), stage.locator(".stage-advanced dd").inner_text()))
    return found


@pytest.mark.parametrize(("mode", "name"), [(None, "in order"), ("any", "any order")])
def test_heads_of_stages_funnel_and_export_tell_one_funnel_in_the_mode_that_the_address_names(
    analyst: Reader, running: DashboardProcess, mode: str | None, name: str
) -> None:
    chosen = {"mode": mode} if mode else {}
    rows = sorted(running.rows("funnel-stage", **SHOP, **AS_OF, **chosen), key=lambda row: int(row["stage_order"]))
    rates = ["–" if row["rate"] is None else percent_of(row["rate"]) for row in rows]
    reached = [int(row["reached"]) for row in rows]
    analyst.open(**SHOP, **chosen)
    heads = heads_of(analyst, rows)
    assert [count for count, _ in heads] == reached
    assert [text.split()[0] for _, text in heads] == rates
    assert analyst.stage(rows[0]["stage"]).get_by_text(f"Journeys, {name}", exact=True).count() == 1
    analyst.page.locator('[data-menu="export"]').get_by_role("button").first.click()
    href = analyst.page.get_by_role("link", name="Map as HTML").get_attribute("href")
    exported = running.get(str(href)).body.decode()
    table = re.findall(r'<tr><th scope="row">.*?</tr>', exported)
    cells = [re.findall(r"<td>(.*?)</td>", line) for line in table]
    assert [(int(one[0].replace(",", "")), one[5]) for one in cells] == list(zip(reached, rates, strict=True))
    assert f"Funnel, {name}" in exported
    analyst.page.keyboard.press("Escape")
    analyst.go(analyst.page.get_by_role("link", name="Funnel", exact=True))
    panel = analyst.panel("funnel-a")
    expect(panel.locator("h2")).to_have_text(f"Funnel, {name}")
    told = panel.locator(".funnel-reached .num")
    assert [number_in(told.nth(at)) for at in range(told.count())] == [count for count in reached if count]


def test_the_mode_is_chosen_once_for_the_whole_page(analyst: Reader, running: DashboardProcess) -> None:
    analyst.open(**SHOP)
    analyst.go(analyst.panel("map").get_by_role("button", name="Any order"))
    assert "mode=any" in analyst.page.url
    rows = sorted(running.rows("funnel-stage", **SHOP, **AS_OF, mode="any"), key=lambda row: int(row["stage_order"]))
    for row in rows:  # the numbers of the other mode stand until these are there
        reached = analyst.stage(str(row["stage"])).locator(".stage-reached dd")
        expect(reached).to_contain_text(f"{int(row['reached']):,}")
    assert [count for count, _ in heads_of(analyst, rows)] == [int(row["reached"]) for row in rows]
    analyst.go(analyst.page.get_by_role("link", name="Funnel", exact=True))
    expect(analyst.panel("funnel-a").locator("h2")).to_have_text("Funnel, any order")
    analyst.go(analyst.panel("funnel-a").get_by_role("button", name="In order"))
    assert "mode" not in analyst.page.url
    analyst.visit("map")
    assert analyst.stage(rows[0]["stage"]).get_by_text("Journeys, in order", exact=True).count() == 1


def test_what_became_of_the_journeys_of_a_rate_adds_up_in_sight(analyst: Reader) -> None:
    analyst.open(**SHOP, view="funnel")
    judged = analyst.page.locator(".funnel-judged")
    assert judged.count() > 2
    for at in range(judged.count()):
        said, *parts = judged.nth(at).locator("> span").all_inner_texts()
        assert [re.sub(r"[\d,]+$", "", part).strip() for part in parts] == [
            "Continued", "Completed (goal reached)", "Dropped", "Still open",
        ]  # fmt: skip
        assert number_in_text(said) == sum(number_in_text(part) for part in parts)


def number_in_text(text: str) -> int:
    (found,) = re.findall(r"\d[\d,]*", text)
    return int(found.replace(",", ""))


def test_whoever_has_reached_the_goal_and_went_no_further_is_completed_and_not_dropped(
    analyst: Reader, running: DashboardProcess
) -> None:
    later = SHOP | {"as_of": "2024-12-01T12:00:00Z"}
    rows = [row for row in running.rows("funnel-stage", **later) if int(row["completed"]) > 0]
    assert rows
    analyst.open(**later, view="funnel")
    step = analyst.page.locator(f'.funnel-step[data-stage="{rows[0]["stage"]}"]')
    assert step.locator(".funnel-bar .done").evaluate("one => one.getBoundingClientRect().width") > 0
    colours = {
        name: step.locator(f".funnel-bar .{name}").evaluate("one => getComputedStyle(one).backgroundColor")
        for name in ("done", "bad")
    }
    assert colours["done"] != colours["bad"]
    analyst.go(step.locator(".funnel-counts").first.get_by_text("Completed (goal reached)").locator(".num"))
    assert number_in(analyst.panel("journeys-a").locator("h2")) == int(rows[0]["completed"])
    assert set(analyst.page.locator("tbody .badge:not(.simulated)").all_inner_texts()) == {"Converted"}


def test_behind_an_edge_of_the_flow_stand_as_many_journeys(analyst: Reader, running: DashboardProcess) -> None:
    analyst.open(**SHOP, view="flow")
    panel = analyst.panel("flow-a")
    panel.get_by_role("button", name="As table").click()
    rows = running.rows("paths", **SHOP, **AS_OF, steps=5, top=6)
    rows.sort(key=lambda row: (row["step"], -row["journeys"]))
    numbers = panel.locator("tbody .num")
    assert [number_in(numbers.nth(at)) for at in range(numbers.count())] == [int(row["journeys"]) for row in rows]
    other = next(at for at, row in enumerate(rows) if "(other)" in (row["from_node"], row["to_node"]) and row["step"])
    for at in (0, other):
        analyst.go(numbers.nth(at))
        assert number_in(analyst.panel("journeys-a").locator("h2")) == int(rows[at]["journeys"])
        analyst.page.go_back()
        analyst.settle()
        panel.get_by_role("button", name="As table").click()


def test_from_a_card_one_comes_to_its_journeys_and_to_the_time_line_of_one(
    analyst: Reader, running: DashboardProcess
) -> None:
    analyst.open(**SHOP)
    analyst.go(analyst.card("cart").locator(".fact-persons .num"))
    (row,) = [one for one in running.rows("persons-by-touchpoint", **SHOP, **AS_OF) if one["touchpoint"] == "cart"]
    title = analyst.panel("journeys-a").locator("h2")
    assert number_in(title) == int(row["journeys"])
    analyst.page.get_by_label("Order").select_option("-touchpoints")
    analyst.settle()
    first = analyst.page.locator("tbody tr").first
    touchpoints = number_in(first.locator("td.is-number").first)
    analyst.go(first.locator("a.person"))
    assert analyst.page.locator('.event[data-kind="touchpoint"]').count() == touchpoints
    expect(analyst.page.locator(".timeline .rule").first).to_contain_text("touchpoint=")
    analyst.go(analyst.page.get_by_role("link", name="All journeys"))
    expect(title).to_be_visible()


def test_where_to_act_first_flags_only_what_lies_below_its_target_with_the_whole_interval(
    analyst: Reader, running: DashboardProcess
) -> None:
    analyst.open(**SHOP, view="act")
    rows = running.rows("impact", **SHOP)
    by_rank = {one["rank"]: one for one in rows if one["rank"] is not None}
    assert analyst.page.locator(".rank").count() == min(len(rows), 12)
    assert analyst.page.locator(".rank.is-flagged:not([data-rank])").count() == 0
    ranks = analyst.page.locator(".rank[data-rank]")
    assert ranks.count() == min(len(by_rank), 12)
    for at in range(ranks.count()):
        row, shown = by_rank[at + 1], ranks.nth(at)
        assert min(row["n_good"], row["n_bad"]) >= row["n_needed"]
        assert row["score"] > 0
        is_flagged = row["ci_high"] < row["target"]
        assert shown.get_by_text("Below target", exact=True).count() == int(is_flagged) == row["is_flagged"]
        expect(shown.locator(".rank-effect p").first).to_have_text(
            re.compile(r"^(Consistent with good|No significant difference)")
        )
    link = analyst.page.locator(".rank .rank-effect .num").first
    journeys = number_in(link)
    analyst.go(link)
    assert number_in(analyst.panel("journeys-a").locator("h2")) == journeys


def test_behind_a_rate_of_drop_off_stand_the_journeys_of_its_numerator(
    analyst: Reader, running: DashboardProcess
) -> None:
    analyst.open(**SHOP)
    (row,) = [one for one in running.rows("persons-by-touchpoint", **SHOP, **AS_OF) if one["touchpoint"] == "cart"]
    expect(analyst.card("cart").locator(".fact-drop_off dt")).to_have_text("Drop-off after 60 days")
    link = analyst.card("cart").locator(".fact-drop_off .num")
    assert str(link.get_attribute("aria-label")).startswith(link.inner_text())
    expect(analyst.card("cart").locator(".fact-interval")).to_contain_text(f"n {row['denominator']:,}")
    analyst.go(link)
    assert number_in(analyst.panel("journeys-a").locator("h2")) == row["numerator"] > 0


def test_where_nobody_can_be_lost_yet_drop_off_is_not_known_and_no_zero(
    analyst: Reader, running: DashboardProcess
) -> None:
    """The usual period is shorter than the map's churn term: whoever was there may still go on."""
    analyst.open(map="web_shop")
    rows = running.rows("persons-by-touchpoint", map="web_shop")
    assert {one["drop_off"] for one in rows} == {None}
    told = analyst.page.locator(".fact-drop_off dd")
    shown = [text for text in told.all_inner_texts() if text != "–"]
    assert len(shown) > 3
    assert [text for text in shown if not re.fullmatch(r"not known yet: .* too recent", text)] == []


def test_behind_a_wait_stand_the_selected_journeys_that_came_by_whatever_selects_them(
    analyst: Reader, running: DashboardProcess
) -> None:
    analyst.open(**SHOP, view="waits", touchpoint="cart")
    journeys = running.rows("journeys", **SHOP, **AS_OF, touchpoint="cart", limit=10_000)
    came_by = sum("search" in one["path"] for one in journeys)
    assert 0 < came_by < len(journeys)
    analyst.go(analyst.page.locator('.num[href*="touchpoint_met=search"]'))
    assert number_in(analyst.panel("journeys-a").locator("h2")) == came_by
    expect(analyst.page.get_by_role("button", name="came by")).to_be_visible()


def test_a_kpi_over_time_has_the_points_of_its_view_at_every_grain(analyst: Reader, running: DashboardProcess) -> None:
    analyst.open(**SHOP, view="trend", channel="web", kpi="ces/top_3_box/transactional")
    panel = analyst.panel("trend-a")
    expect(panel.locator(".annotations")).to_contain_text("The way back from the address leads to the cart")
    panel.get_by_role("button", name="As table").click()
    for grain in ("week", "month", "day", "rolling_28d"):
        analyst.page.get_by_label("Grain").select_option(grain)
        analyst.settle()
        rows = running.rows("survey-over-time", **SHOP, channel="web", kpi="ces", grain=grain)
        expect(panel.locator("tbody tr")).to_have_count(len(rows))
        answers = panel.locator("tbody td:nth-of-type(3)")
        assert sum(number_in(answers.nth(at)) for at in range(len(rows))) == sum(row["n"] for row in rows)


def test_a_number_of_too_few_answers_is_not_shown_but_explained(analyst: Reader, running: DashboardProcess) -> None:
    selection = {**SHOP, "persona": "comparer", "segment": "new", "from_": "2024-05-01"}
    rows = running.rows("survey-by-touchpoint", **selection)
    (hidden, *_) = [row for row in rows if row["is_suppressed"]]
    analyst.open(**selection)
    cards = analyst.page.locator(f'[data-touchpoint="{hidden["touchpoint"]}"]')
    badge = cards.get_by_text("Too few to show").first
    badge.focus()
    expect(analyst.page.get_by_role("tooltip")).to_contain_text("A wider filter shows the number")


def test_a_stage_shows_its_events_and_how_many_of_its_journeys_went_on(
    analyst: Reader, running: DashboardProcess
) -> None:
    analyst.open(**SHOP)
    volume = running.rows("volume-by-touchpoint", **SHOP)
    rows = sorted(running.rows("funnel-stage", **SHOP, **AS_OF), key=lambda row: int(row["stage_order"]))
    for row in rows:
        stage = analyst.stage(row["stage"])
        here = [one for one in volume if one["stage"] == row["stage"]]
        assert number_in(stage.locator(".stage-events dd")) == sum(int(one["events"]) for one in here)
        assert [number_in(stage.locator(f".stage-{name} dd")) for name in ("reached", "open")] == [
            int(row["reached"]), int(row["open"]),
        ]  # fmt: skip
        assert stage.locator(".stage-title").get_by_text("simulated").count() == 1
        went_on = stage.locator(".stage-advanced")
        expect(went_on).to_contain_text("finished journeys")
        if row is rows[-1]:
            expect(went_on).to_contain_text("the last stage")
        else:
            expect(went_on).to_contain_text(percent_of(row["rate"]))
            low, high = percent_of(row["ci_low"]), percent_of(row["ci_high"])
            expect(went_on).to_contain_text(f"{low} to {high} · n {row['denominator']:,}")


@pytest.mark.parametrize(("fact", "count"), [("reached", "reached"), ("open", "open"), ("advanced", "numerator")])
def test_behind_a_fact_of_a_stage_stand_as_many_journeys(
    analyst: Reader, running: DashboardProcess, fact: str, count: str
) -> None:
    analyst.open(**SHOP)
    (row,) = [one for one in running.rows("funnel-stage", **SHOP, **AS_OF) if one["stage"] == "checkout"]
    analyst.go(analyst.stage("checkout").locator(f".stage-{fact} .num"))
    assert number_in(analyst.panel("journeys-a").locator("h2")) == row[count] > 0


def test_a_stage_has_no_rate_while_no_window_is_closed(analyst: Reader, running: DashboardProcess) -> None:
    early = SHOP | {"from_": "2024-01-04", "to": "2024-01-31", "as_of": "2024-02-15T12:00:00"}
    assert {row["rate"] for row in running.rows("funnel-stage", **early)} == {None}
    analyst.open(**early)
    went_on = analyst.stage("research").locator(".stage-advanced dd")
    expect(went_on).to_have_text("– no window closed yet")


@pytest.mark.parametrize("real", ["search", "cart"])
def test_simulated_answers_are_marked_in_the_matrix_and_real_ones_lead_to_real_journeys_alone(
    analyst: Reader, real: str
) -> None:
    """The demo's answers are all simulated: here those of one touchpoint are said to be real."""

    def say_real(route: Route) -> None:
        answer = route.fetch().json()
        touchpoint, simulated = (answer["columns"].index(name) for name in ("touchpoint", "is_simulated"))
        for row in answer["rows"]:
            row[simulated] = int(row[touchpoint] != real)
        route.fulfill(status=200, content_type="application/json", body=json.dumps(answer))

    analyst.page.route("**/api/q/impact*", say_real)
    analyst.open(**SHOP, view="act")
    panel = analyst.panel("act-a")
    legend = expect(panel.locator(".legend"))  # of what has a point
    (legend.to_contain_text if real == "cart" else legend.not_to_contain_text)("simulated answers")
    panel.get_by_role("button", name="As table").click()
    rows = panel.locator("tbody tr")
    assert rows.count() > 2
    for at in range(rows.count()):
        href = str(rows.nth(at).locator(".num").get_attribute("href"))
        is_real = f"touchpoint={real}" in href
        assert ("is_simulated=0" in href) == is_real != (rows.nth(at).get_by_text("simulated").count() == 1)
    panel.get_by_role("button", name="As table").click()
    analyst.settle()
    chart = panel.locator(".chart")
    chart.focus()
    told = {}
    for _ in range(rows.count() or 32):
        analyst.page.keyboard.press("ArrowRight")
        said = panel.locator(".chart-frame [aria-live]").inner_text()
        told[said.split(";")[0]] = said
    assert "Search" in told, "what enough journeys speak for has a point"
    assert {name for name, said in told.items() if "simulated" not in said} == (
        {"Search"} if real == "search" else set()
    )


def test_a_trend_is_good_or_bad_as_the_catalogue_says(analyst: Reader) -> None:
    def tones() -> list[int]:
        return [analyst.page.locator(f".trend.{tone}").count() for tone in ("good", "bad")]

    def turned(route: Route) -> None:
        answer = route.fetch().json()
        low_is_good = answer["columns"].index("is_low_good")
        for row in answer["rows"]:
            row[low_is_good] = None if row[low_is_good] is None else 1 - row[low_is_good]
        route.fulfill(status=200, content_type="application/json", body=json.dumps(answer))

    analyst.open(**SHOP)
    good, bad = tones()
    assert good + bad > 0
    assert good != bad
    analyst.page.route("**/api/q/dim-kpi*", turned)
    analyst.open(**SHOP)
    assert tones() == [bad, good]
