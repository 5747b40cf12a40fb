"""The journey map page as its readers use it: languages, screens, keyboard, exports, and what it says when something fails."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from tests.support.dashboards import DashboardProcess
from tests.support.page_reader import SHOP, VIEWS, Answers, Reader, events_at, reader, saved

PAGE = Path(__file__).parents[3] / "dashboards" / "page"
AS_OF = {"as_of": "2024-06-30T12:00:00"}
LOUD = ("serious", "critical")


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


def test_every_view_fits_a_narrow_screen(chromium: Browser, running: DashboardProcess, answers: Answers) -> None:
    with reader(chromium, running, 360, answers) as phone:
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
def test_no_view_has_a_serious_fault_of_accessibility(
    chromium: Browser, running: DashboardProcess, answers: Answers, theme: Any
) -> None:
    with reader(chromium, running, answers=answers, color_scheme=theme) as one:
        one.open(**SHOP)
        assert one.page.evaluate("document.documentElement.dataset.theme") == theme
        for view in VIEWS:
            one.visit(view)
            violations = Axe().run(one.page).response["violations"]
            loud = [v for v in violations if v["impact"] in LOUD]
            assert [(v["id"], v["nodes"][0]["html"][:200], len(v["nodes"])) for v in loud] == [], view


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
    assert analyst.page.locator(".fact-events, .stage-facts").count() == 0


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
