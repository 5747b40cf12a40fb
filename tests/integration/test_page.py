"""The journey map page as its readers use it: Chromium on the demo's data, compared with what ClickHouse says.

One file, though long: all of it shares one ledger and one browser, which take longer to make than a test.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from tests.dashboards import DashboardProcess, dashboard
from tests.demo_ledger import demo_engine
from tests.page_reader import SHOP, VIEWS, Reader, browser, events_at, number_in, reader, saved

PAGE = Path(__file__).parent.parent.parent / "dashboards" / "page"
AS_OF = {"as_of": "2024-06-30T12:00:00"}
LOUD = ("serious", "critical")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardProcess]:
    folder = tmp_path_factory.mktemp("page")
    with demo_engine(folder) as settings, dashboard(settings, folder) as process:
        process.wait_ready()
        yield process


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as one:
        yield one


@pytest.fixture
def analyst(chromium: Browser, running: DashboardProcess) -> Iterator[Reader]:
    """A reader before a wide screen."""
    with reader(chromium, running) as one:
        yield one


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
    rows = {one["rank"]: one for one in running.rows("impact", **SHOP)}
    ranks = analyst.page.locator(".rank")
    assert ranks.count() == min(len(rows), 12)
    for at in range(ranks.count()):
        row, shown = rows[at + 1], ranks.nth(at)
        is_flagged = row["ci_high"] < row["target"]
        assert shown.get_by_text("Below target", exact=True).count() == int(is_flagged) == row["is_flagged"]
        expect(shown.locator(".rank-effect p").first).to_have_text(
            re.compile(r"^(Consistent with|No proof of|Too few answers)")
        )
    analyst.go(ranks.first.locator(".rank-effect .num"))
    assert number_in(analyst.panel("journeys-a").locator("h2")) == rows[1]["journeys"]


def test_behind_a_rate_of_drop_off_stand_the_journeys_of_its_numerator(
    analyst: Reader, running: DashboardProcess
) -> None:
    analyst.open(**SHOP)
    (row,) = [one for one in running.rows("persons-by-touchpoint", **SHOP, **AS_OF) if one["touchpoint"] == "cart"]
    link = analyst.card("cart").locator(".fact-drop_off .num")
    assert str(link.get_attribute("aria-label")).startswith(link.inner_text())
    expect(analyst.card("cart").locator(".fact-interval")).to_contain_text(f"n {row['denominator']:,}")
    analyst.go(link)
    assert number_in(analyst.panel("journeys-a").locator("h2")) == row["numerator"] > 0


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


def test_a_panel_is_exported_as_csv_and_png_and_shows_its_sql(analyst: Reader, running: DashboardProcess) -> None:
    analyst.open(**SHOP, view="waits")
    panel = analyst.panel("waits-a")
    with analyst.page.expect_download() as download:
        panel.get_by_role("link", name="CSV").click()
    read = list(csv.DictReader(saved(download.value).decode().splitlines()))
    rows = running.rows("waits", **SHOP, **AS_OF)
    assert {(one["value"], one["n_followed"]) for one in read} == {(r["value"], str(r["n_followed"])) for r in rows}
    with analyst.page.expect_download() as download:
        panel.get_by_role("button", name="PNG").click()
    picture = saved(download.value)
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) > 1_000
    panel.get_by_role("button", name="SQL").click()
    dialog = analyst.page.get_by_role("dialog")
    expect(dialog).to_contain_text("FROM journey_api.waits(")
    analyst.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_map_is_exported_as_one_file_that_needs_no_script(analyst: Reader, running: DashboardProcess) -> None:
    analyst.open(**SHOP)
    analyst.page.locator('[data-menu="export"]').get_by_role("button").first.click()
    with analyst.page.expect_download() as download:
        analyst.page.get_by_role("link", name="Map as HTML").click()
    text = saved(download.value).decode()
    assert "<script" not in text
    assert f"{events_at(running, 'search'):,}" in text


@pytest.mark.parametrize("language", ["en", "fr", "it"])
def test_every_view_speaks_the_language(analyst: Reader, language: str) -> None:
    words = json.loads((PAGE / "messages" / f"{language}.json").read_text(encoding="utf-8"))
    stems = "|".join(sorted({key.split(".")[0] for key in words if "." in key}))
    analyst.open(**SHOP, lang=language)
    assert analyst.page.evaluate("document.documentElement.lang") == language
    for view in VIEWS:
        analyst.visit(view)
        assert analyst.page.locator(".tab[aria-current]").inner_text() == words[f"view.{view}"]
        text = analyst.page.locator("body").inner_text()
        assert re.findall(rf"\b(?:{stems})\.[a-z_.]+\b", text) == []
        assert re.findall(r"\{\w+\}", text) == []
        assert "undefined" not in text
        assert "NaN" not in text


def test_every_view_fits_a_narrow_screen(chromium: Browser, running: DashboardProcess) -> None:
    with reader(chromium, running, 360) as phone:
        phone.open(**SHOP)
        for view in VIEWS:
            assert phone.visit(view).overflow() <= 0, view
        phone.page.get_by_role("button", name="Filters").click()
        phone.choose("segment", "loyal")
        assert phone.overflow() <= 0


def test_all_can_be_done_by_keyboard(analyst: Reader) -> None:
    analyst.open(**SHOP, view="funnel")
    press = analyst.page.keyboard.press
    focused = analyst.page.locator(":focus")
    found = []
    for _ in range(15):
        press("Tab")
        found.append(focused.inner_text().strip())
    assert found[0] == "Skip to the content"
    assert found[6:13] == ["Map", "Act here first", "Over time", "Funnel", "Flow", "Waits", "Journeys"]
    press("Enter")
    expect(analyst.page.locator('[data-menu="compare"] .menu-panel')).to_be_visible()
    press("Escape")
    expect(analyst.page.locator(".menu-panel")).to_have_count(0)
    assert "Compare" in focused.inner_text()
    analyst.page.locator(".skip").focus()
    press("Enter")
    assert focused.get_attribute("id") == "main"
    analyst.go(analyst.page.get_by_role("link", name="Flow", exact=True))
    analyst.page.locator(".chart").focus()
    press("ArrowRight")
    expect(analyst.page.locator(".chart-frame [aria-live]")).to_contain_text("Step 0")
    press("Enter")
    analyst.page.wait_for_url(re.compile("view=journeys"))
    analyst.settle()


def test_what_a_tooltip_says_is_reached_by_keyboard_and_goes_with_escape(analyst: Reader) -> None:
    analyst.open(**SHOP)
    analyst.card("search").locator(".kpi-name .has-tip").first.focus()
    tip = analyst.page.get_by_role("tooltip")
    expect(tip).to_contain_text("this touchpoint")
    analyst.page.keyboard.press("Escape")
    expect(tip).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_view_has_a_serious_fault_of_accessibility(chromium: Browser, running: DashboardProcess, theme: Any) -> None:
    with reader(chromium, running, color_scheme=theme) as one:
        one.open(**SHOP)
        assert one.page.evaluate("document.documentElement.dataset.theme") == theme
        for view in VIEWS:
            one.visit(view)
            violations = Axe().run(one.page).response["violations"]
            loud = [v for v in violations if v["impact"] in LOUD]
            assert [(v["id"], v["nodes"][0]["html"][:200], len(v["nodes"])) for v in loud] == [], view


def test_a_number_of_too_few_answers_is_not_shown_but_explained(analyst: Reader, running: DashboardProcess) -> None:
    selection = {**SHOP, "persona": "comparer", "segment": "new", "from_": "2024-05-01"}
    rows = running.rows("survey-by-touchpoint", **selection)
    (hidden, *_) = [row for row in rows if row["is_suppressed"]]
    analyst.open(**selection)
    cards = analyst.page.locator(f'[data-touchpoint="{hidden["touchpoint"]}"]')
    badge = cards.get_by_text("Too few to show").first
    badge.focus()
    expect(analyst.page.get_by_role("tooltip")).to_contain_text("A wider filter shows the number")


def test_a_map_that_places_nothing_yet_shows_what_it_says_and_no_zero(
    analyst: Reader, running: DashboardProcess
) -> None:
    (other,) = [one for one in running.get("/api/maps").json() if one["map"] == "retail"]
    assert other["last_day"] is None
    analyst.open(**SHOP)
    analyst.page.get_by_label("Map", exact=True).select_option(f"retail/{other['map_version']}")
    analyst.page.wait_for_url(re.compile("map=retail"))
    analyst.settle()
    expect(analyst.page.get_by_text("No events in this selection")).to_be_visible()
    expect(analyst.card("store_purchase")).to_contain_text("No events in this period")
    assert analyst.page.locator(".fact-events").count() == 0


def test_a_failure_says_what_to_do_and_can_be_tried_again(analyst: Reader) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=503, content_type="application/problem+json", body='{"title": "away", "status": 503}')

    analyst.page.route("**/api/q/waits*", refuse)
    analyst.open(**SHOP, view="waits")
    alert = analyst.page.get_by_role("alert")
    expect(alert).to_contain_text("touchline doctor")
    analyst.page.unroute("**/api/q/waits*")
    alert.get_by_role("button", name="Try again").click()
    expect(analyst.page.locator("tbody tr").first).to_be_visible()
    analyst.faults.clear()  # the browser notes the refusal
