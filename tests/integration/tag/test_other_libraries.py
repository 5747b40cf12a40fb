"""Libraries of PostHog, Amplitude and Snowplow, unchanged, in a page: with a browser key, over origins, while the page is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.integration.tag.conftest import LIBRARY_KEYS, SERVER_KEY, Arrived, Visit
from tests.support.workers import wait_for

PACKAGES: Final = Path(__file__).parents[3] / ".local" / "senders" / "node_modules"
SCRIPT: Final = {"Content-Type": "text/javascript"}
BEARER: Final = {"Authorization": f"Bearer {SERVER_KEY}"}
ORDER: Final = '{order_id: "o-7", total: 19.9, currency: "EUR"}'


class Library(NamedTuple):
    """A file of a package and how a page loads it; what the page does with it, and last, while it is left; what arrives besides the
    view, the product and the purchase; how many calls the key does not name."""

    name: str
    file: str
    load: str
    calls: str
    last: str
    besides: tuple[str, ...]
    refused: int


LIBRARIES: Final = (
    Library(
        "posthog",
        "posthog-js/dist/module.no-external.js",
        """<script type=module>import {posthog} from "/library.js";
            posthog.init("KEY", {api_host: "HOST", opt_out_useragent_filter: true}); window.posthog = posthog;</script>""",
        """posthog.capture("Product Viewed", {sku: "s-1"});
            posthog.identify("jane", {email: "jane@example.com"});
            posthog.capture("Coupon Entered");""",
        f'posthog.capture("Order Completed", {ORDER})',
        ("identify",),
        refused=2,  # it tells by itself that a page was left
    ),
    Library(
        "amplitude",
        "@amplitude/analytics-browser/lib/scripts/amplitude-min.umd.js",
        """<script src="/library.js"></script><script>amplitude.init("KEY", undefined, {
            serverUrl: "HOST/2/httpapi", remoteConfig: {fetchRemoteConfig: false},
            autocapture: {pageViews: true, sessions: false}});</script>""",
        """amplitude.track("Product Viewed", {sku: "s-1"});
            amplitude.setUserId("jane");
            amplitude.identify(new amplitude.Identify().set("email", "jane@example.com"));
            amplitude.track("Coupon Entered");""",
        f'amplitude.setTransport("beacon"); amplitude.track("Order Completed", {ORDER}); amplitude.flush()',
        ("identify",),
        refused=2,  # it tells by itself where a visitor came from
    ),
    Library(
        "snowplow",
        "@snowplow/browser-tracker/dist/index.umd.min.js",
        """<script src="/library.js"></script><script>var sp = snowplowBrowserTracking;
            sp.newTracker("t", "HOST/snowplow/KEY", {appId: "shop"}); sp.trackPageView();
            function described(name, data) {
                sp.trackSelfDescribingEvent({event: {schema: `iglu:com.example/${name}/jsonschema/1-0-0`, data}});
            }</script>""",
        """sp.trackStructEvent({category: "shop", action: "Product Viewed", label: "s-1"});
            sp.setUserId("jane");
            sp.trackStructEvent({category: "shop", action: "Coupon Entered"});""",
        f'described("order_completed", {ORDER})',
        (),
        refused=1,
    ),
)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one.name)
def test_what_a_page_says_arrives_once_and_what_the_key_does_not_name_is_refused_once(
    visit: Visit, arrived: Arrived, library: Library
) -> None:
    if not PACKAGES.is_dir():
        pytest.skip("the SDKs of other tools are not installed: ./run test installs them")

    def sent() -> list[dict[str, Any]]:
        return [one for one in arrived.all() if str(one["id"]).startswith(f"{library.name}/")]

    def told() -> list[str]:
        return sorted(one.get("touchpoint", "identify") for one in sent())

    def refused() -> int:
        answer = visit.collector.request("GET", "/v1/refused?source=web-shop", b"", BEARER)
        return int(answer.json()["refused"])

    before = refused()
    asked: set[str] = set()
    visit.context.on("request", lambda one: asked.add(urlsplit(one.url).netloc))
    visit.site.put("/library.js", (PACKAGES / library.file).read_text(encoding="utf-8"), SCRIPT)
    load = library.load.replace("KEY", LIBRARY_KEYS[library.name]).replace("HOST", visit.collector.url)
    html = f"<!doctype html><html lang=en><head><title>Shop</title>{load}</head><body></body></html>"
    page = visit.open(visit.site.put(visit.path, html))
    wait_for(lambda: heard(page, told()) == ["web_page"], lambda: f"one view is expected, not {told()}", 20.0)
    page.evaluate(f"() => {{ {library.calls} }}")
    expected = sorted(("web_page", "product_view", *library.besides))
    wait_for(lambda: heard(page, told()) == expected, lambda: f"{expected} are expected, not {told()}", 20.0)
    page.evaluate(f"() => {{ {library.last} }}")
    page.goto("about:blank")
    expected = sorted((*expected, "purchase"))
    wait_for(lambda: told() == expected, lambda: f"{expected} are expected, not {told()}", 20.0)
    wait_for(lambda: refused() - before == library.refused, lambda: f"refused: {refused() - before}", 20.0)
    assert asked <= {urlsplit(one).netloc for one in (visit.site.origin, visit.collector.url)}
    found = {one.get("touchpoint", "identify"): one for one in sent()}
    assert found["web_page"]["properties"]["page.path"] == visit.path
    assert {person["type"] for person in found["web_page"]["persons"]} == {"anonymous"}
    order = found["purchase"]
    assert (order["order"]["id"], order["amount"]) == ("o-7", {"amount_minor": 1_990, "currency": "EUR"})
    assert {person["type"] for person in order["persons"]} == {"login", "anonymous"}
    if "identify" in found:
        assert {person["type"] for person in found["identify"]["persons"]} == {"login", "anonymous", "mail"}


def heard(page: Page, found: list[str]) -> list[str]:
    """What was found, after the browser had its turn: playwright hears of nothing while a test waits by itself."""
    page.wait_for_timeout(10)
    return found
