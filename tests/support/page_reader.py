"""A reader of the journey map page: Debian's Chromium on a running dashboard, and what stands on the page once it has settled."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Download,
    Locator,
    Page,
    Request,
    Route,
    sync_playwright,
)

from tests.support.dashboards import HOST, DashboardProcess

SHOP: Final = {"map": "web_shop", "from_": "2024-04-01", "to": "2024-05-31"}
"""Two busy months of the demo's web shop, as parameters of the API and state of the page."""
VIEWS: Final = ("map", "act", "trend", "funnel", "flow", "waits", "journeys")
WIDE: Final = (1440, 900)
QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_NO_CACHE: Final = ["--disable-back-forward-cache"]
_SETTLED: Final = """() => {
  const panels = [...document.querySelectorAll("[data-panel]")];
  const charts = [...document.querySelectorAll(".chart")];
  return panels.length > 0 && panels.every((one) => one.dataset.status !== "loading")
    && !document.querySelector(".wait, .skeleton") && charts.every((one) => one.dataset.drawn === "yes");
}"""
_QUESTIONS: Final = "**/api/q/*"
_OF_THE_WIRE: Final = ("content-encoding", "content-length", "transfer-encoding")
_TWO_FRAMES: Final = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@contextmanager
def browser(*, keeps_pages: bool = False) -> Iterator[Browser]:
    """Chromium without a window; ended with the block. With `keeps_pages` it has its back-forward cache, which playwright turns off."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "the tests of the page need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=found, args=list(QUIET), ignore_default_args=_NO_CACHE if keeps_pages else None
        )
        try:
            yield running
        finally:
            running.close()


class Answers:
    """What a dashboard said to each question of the page, by its address. A ledger at rest is asked each question once, however many
    readers come: the answers are true, and the engine plans a query as long as the page takes to be drawn. Refusals are not kept."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[dict[str, str], bytes]] = {}

    def give(self, route: Route) -> None:
        """Answer a request of the page."""
        url = route.request.url
        if url not in self._kept:
            answer = route.fetch(timeout=30_000)
            if answer.status != HTTPStatus.OK:
                route.fulfill(response=answer)
                return
            headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_WIRE}
            self._kept[url] = headers, answer.body()
        headers, body = self._kept[url]
        route.fulfill(status=HTTPStatus.OK, headers=headers, body=body)


class Reader:
    """One reader with one tab. `faults` are errors of the console or of a script, `strangers` requests that left this machine."""

    def __init__(self, context: BrowserContext, process: DashboardProcess) -> None:
        self.process = process
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.strangers: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._requested)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != HOST:
            self.strangers.append(request.url)

    def open(self, **state: object) -> Reader:
        """Open the page at this state, `from_` being `from`, and wait until it shows its numbers."""
        query = urlencode({name.rstrip("_"): value for name, value in {"lang": "en", **state}.items()}, doseq=True)
        self.page.goto(f"{self.process.url}/?{query}")
        return self.settle()

    def settle(self) -> Reader:
        """Wait until every panel has its answer and every chart is drawn, over two frames: what was pressed a moment ago may not be asked
        in the frame in which it is looked at."""
        self.page.wait_for_function(_SETTLED, timeout=30_000)
        self.page.evaluate(_TWO_FRAMES)
        while not self.page.evaluate(_SETTLED):
            self.page.wait_for_function(_SETTLED, timeout=30_000)
            self.page.evaluate(_TWO_FRAMES)
        return self

    def panel(self, name: str) -> Locator:
        return self.page.locator(f'[data-panel="{name}"]')

    def card(self, touchpoint: str) -> Locator:
        """The first card of a touchpoint."""
        return self.page.locator(f'[data-touchpoint="{touchpoint}"]').first

    def stage(self, stage: str) -> Locator:
        """The column of a stage on the map."""
        return self.page.locator(f'article[data-stage="{stage}"]')

    def events(self, touchpoint: str) -> list[int]:
        """The events that its card shows, for each side."""
        numbers = self.card(touchpoint).locator(".fact-events .num")
        return [number_in(numbers.nth(at)) for at in range(numbers.count())]

    def go(self, link: Locator) -> Reader:
        """Follow a link or press a button that changes the address, and wait."""
        before = self.page.url
        link.click()
        self.page.wait_for_function("before => location.href !== before", arg=before)
        return self.settle()

    def visit(self, view: str) -> Reader:
        """Follow the tab of a view, unless it is open."""
        tab = self.page.locator(".tab").nth(VIEWS.index(view))
        return self if tab.get_attribute("aria-current") else self.go(tab)

    def choose(self, menu: str, value: str) -> Reader:
        """Tick a value in the menu of a filter."""
        box = self.page.locator(f'[data-menu="{menu}"]')
        box.get_by_role("button").first.click()
        before = self.page.url
        box.locator(f'input[value="{value}"]').check()
        self.page.wait_for_function("before => location.href !== before", arg=before)
        self.page.keyboard.press("Escape")
        return self.settle()

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@contextmanager
def reader(
    chromium: Browser, process: DashboardProcess, width: int = WIDE[0], answers: Answers | None = None, **options: Any
) -> Iterator[Reader]:
    """A reader whose page has neither failed nor called anywhere when the block ends. `answers`: what this process has said so far; its
    ledger must be at rest."""
    context = chromium.new_context(
        viewport={"width": width, "height": WIDE[1]}, locale="en-GB", reduced_motion="reduce", **options
    )
    context.set_default_timeout(15_000)
    if answers is not None:
        context.route(_QUESTIONS, answers.give)
    one = Reader(context, process)
    try:
        yield one
        assert one.faults == []
        assert one.strangers == []
    finally:
        context.unroute_all(behavior="ignoreErrors")  # a question may still be under way
        context.close()


def number_in(locator: Locator) -> int:
    """The whole number that an English text shows."""
    return int(re.sub(r"[^0-9]", "", locator.inner_text()))


def events_at(process: DashboardProcess, touchpoint: str, **selection: object) -> int:
    """Events of a touchpoint of the shop, as the view says."""
    rows = process.rows("volume-by-touchpoint", **{**SHOP, **selection})
    return sum(int(row["events"]) for row in rows if row["touchpoint"] == touchpoint)


def saved(download: Download) -> bytes:
    """The file that the page gave."""
    return Path(download.path()).read_bytes()
