"""Opens the dashboard in headless Chromium and looks at it: every chart is drawn, none says an error, nothing failed on the way."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response, TimeoutError as Late, sync_playwright

from scripts.superset.home import USER, Home
from touchline.dashboards.bi.superset_dashboard import height_pixels
from touchline.errors import WrongUsage

WIDTH = 1600
DRAWN_WITHIN_SECONDS = 240
PATIENCE_MS = 120_000
LOGINS = 3
LOGIN_MS = 30_000
_SETTLE_MS = 1500
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# What Superset draws where a chart failed, or has nothing to show.
_BOXES = "[data-test='error-container'], .ant-alert-error, .error-message, .ant-empty, [data-test='alert-container']"
_HOLDER = "[data-test='chart-grid-component']"
# A canvas counts when something is painted on it. A number without data is drawn as the words "No data".
_STATE = """([holders, boxes]) => {
  const painted = canvas => canvas.width > 0 && canvas.height > 0
    && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(byte => byte !== 0);
  return [...document.querySelectorAll(holders)].map(holder => ({
    name: holder.dataset.testChartName,
    drawn: !holder.querySelector('.loading, [data-test="loading-indicator"]')
      && ([...holder.querySelectorAll('canvas')].some(painted) || !!holder.querySelector('tbody tr, .header-line')),
    said: [...holder.querySelectorAll(boxes)].map(box => box.innerText.trim().slice(0, 300) || 'nothing to show').concat(
      [...holder.querySelectorAll('.header-line')].map(line => line.innerText).filter(text => text === 'No data')),
  }));
}"""


class Look(NamedTuple):
    """What was seen. `faults` is empty when all is well."""

    charts: int
    faults: list[str]
    screenshot: Path
    seconds: float


class _Witness:
    """Writes down whatever goes wrong while the page works."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        self.answered = 0
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"the page threw: {error}"))
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_failed)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"the console says: {message.text[:300]}")

    def _on_failed(self, request: Request) -> None:
        # The page itself takes a question back when a filter has changed meanwhile; a chart that is never drawn is found anyway.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"no answer: {request.url} ({request.failure})")

    def _on_response(self, response: Response) -> None:
        is_data = "/api/v1/chart/data" in response.url
        if response.status >= 400:
            self.faults.append(f"{response.status} of {response.url}: {_body(response)[:500] if is_data else ''}")
        elif is_data:
            self.answered += 1
            results = json.loads(_body(response) or "{}").get("result", [])
            self.faults += [f"a query failed: {one['error']}" for one in results if one.get("error")]


def _body(response: Response) -> str:
    try:
        return response.text()
    except Error:
        return ""


def look(home: Home, slug: str, expected: int) -> Look:
    """Log in, open the dashboard, wait until `expected` charts are drawn, take a picture."""
    browser_path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser_path is None:
        raise WrongUsage("there is no Chromium here", "install the package chromium")
    started = time.monotonic()
    picture = home.folder / f"{slug}.png"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=arguments)
        try:
            page = browser.new_page(viewport={"width": WIDTH, "height": height_pixels()}, locale="en-GB")
            page.set_default_timeout(PATIENCE_MS)
            _log_in(page, home)
            witness = _Witness(page)
            page.goto(f"{home.address}/superset/dashboard/{slug}/?standalone=1&show_filters=1")
            faults = _wait_until_drawn(page, expected)
            page.screenshot(path=str(picture), full_page=True)
            faults += witness.faults
            if witness.answered == 0:
                faults.append("no chart asked for data")
        finally:
            browser.close()
    return Look(expected, faults, picture, time.monotonic() - started)


def _log_in(page: Page, home: Home) -> None:
    """Log in until Superset knows the user: a form that is filled in before its script has come is emptied by that."""
    for _ in range(LOGINS):
        page.goto(f"{home.address}/login/", wait_until="networkidle")
        page.fill("#username, [data-test='username-input']", USER)
        page.fill("#password, [data-test='password-input']", home.password)
        page.click("[data-test='login-button'], button[type=submit], input[type=submit]")
        try:
            page.wait_for_url(lambda url: "/login" not in url, wait_until="load", timeout=LOGIN_MS)
        except Late:
            continue
        if page.request.get(f"{home.address}/api/v1/me/").ok:
            return
    raise WrongUsage(
        f"Superset does not let {USER} in", "remove its folder below .local and run it again: it is made anew"
    )


def _wait_until_drawn(page: Page, expected: int) -> list[str]:
    """Faults of charts; those that are not drawn in time are faults, too."""
    deadline = time.monotonic() + DRAWN_WITHIN_SECONDS
    try:
        page.wait_for_selector(_HOLDER)
    except Late:
        return ["the dashboard shows no chart"]
    state: list[dict[str, Any]] = []
    settled = 0
    # Twice in a row: a chart is drawn again when a filter above it has found its first value.
    while settled < 2 and time.monotonic() < deadline:
        page.wait_for_timeout(_SETTLE_MS)
        state = page.evaluate(_STATE, [_HOLDER, _BOXES])
        is_done = len(state) == expected and all(one["drawn"] or one["said"] for one in state)
        settled = settled + 1 if is_done else 0
    faults = [f"{one['name']}: {said}" for one in state for said in one["said"]]
    faults += [f"{one['name']}: not drawn in time" for one in state if not one["drawn"] and not one["said"]]
    if len(state) != expected:
        faults.append(f"{len(state)} charts are there, {expected} in the bundle")
    return faults
