"""@segment/analytics-next, unchanged, in a page: with a browser key, over origins, and while the page is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.tag.conftest import SDK_KEY, Arrived, Visit
from tests.support.workers import wait_for

PACKAGE = (
    Path(__file__).parents[3] / ".local" / "senders" / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd"
)
SCRIPT = {"Content-Type": "text/javascript"}
PAGE = """<!doctype html><html lang=en><head><title>Shop</title><script src="/ajs/index.js"></script></head><body><script>
const settings = { integrations: { "Segment.io": { apiKey: "KEY", apiHost: "HOST/v1", protocol: "http" } } };
window.analytics = AnalyticsNext.AnalyticsBrowser.load({ writeKey: "KEY", cdnSettings: settings });
</script></body></html>"""


def sent_by(arrived: Arrived) -> list[dict[str, Any]]:
    """As often as it was accepted, without the time at which it came."""
    found = [one for one in arrived.all() if str(one["id"]).startswith("sdk/ajs-next-")]
    return [{name: value for name, value in one.items() if name != "received_at"} for one in found]


def test_every_call_arrives_once_and_what_the_key_does_not_name_is_refused(visit: Visit, arrived: Arrived) -> None:
    if not PACKAGE.is_dir():
        pytest.skip("the SDKs of other tools are not installed: ./run test installs them")
    for file in PACKAGE.glob("*.js"):
        visit.site.put(f"/ajs/{file.name}", file.read_text(encoding="utf-8"), SCRIPT)
    host = visit.collector.url.removeprefix("http://")
    address = visit.site.put(visit.path, PAGE.replace("KEY", SDK_KEY).replace("HOST", host))
    page = visit.open(address)
    page.evaluate(
        """async () => {
            await analytics.page("Docs", "Start");
            await analytics.track("Product Viewed", {sku: "s-1"});
            await analytics.identify("jane", {email: "jane@example.com"});
            await analytics.group("g-1", {employees: 20});
            await analytics.alias("jane", "former");
            await analytics.screen("Checkout", "Pay");
            await analytics.track("Coupon Entered", {});
            analytics.track("Order Completed", {order_id: "o-7", total: 19.9, currency: "EUR"});
        }"""
    )
    page.goto(address)  # what was under way goes out again from the next page, where it is the same event
    page.evaluate("async () => { await analytics.track('Product Viewed', {sku: 's-2'}) }")
    wait_for(lambda: len(distinct(arrived)) >= 8, lambda: f"8 events are expected, not {sent_by(arrived)}", 20.0)
    found = distinct(arrived)
    assert sorted((one["type"].split(".")[1], one.get("touchpoint", "")) for one in found) == [
        ("identify", ""),
        ("identify", ""),
        ("touchpoint", "app_screen"),
        ("touchpoint", "group"),
        ("touchpoint", "product_view"),
        ("touchpoint", "product_view"),
        ("touchpoint", "purchase"),
        ("touchpoint", "web_page"),
    ]
    order = next(one for one in found if one.get("order"))
    assert {one["id"] for one in sent_by(arrived) if sent_by(arrived).count(one) > 1} <= {order["id"]}
    assert (order["order"]["id"], order["amount"]) == ("o-7", {"amount_minor": 1_990, "currency": "EUR"})
    assert {person["type"] for person in order["persons"]} == {"login", "anonymous"}
    linked = [{person["type"] for person in one["persons"]} for one in found if "touchpoint" not in one]
    assert {"login", "anonymous", "mail"} in linked


def distinct(arrived: Arrived) -> list[dict[str, Any]]:
    """Each event once; what came twice is the same to the letter."""
    found: list[dict[str, Any]] = []
    for one in sent_by(arrived):
        if one not in found:
            found.append(one)
    return found
