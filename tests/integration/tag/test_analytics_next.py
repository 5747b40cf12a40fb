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
    return [one for one in arrived.all() if str(one["id"]).startswith("sdk/ajs-next-")]


def test_page_track_and_identify_arrive_once_and_what_the_key_does_not_name_is_refused(
    visit: Visit, arrived: Arrived
) -> None:
    if not PACKAGE.is_dir():
        pytest.skip("the SDKs of other tools are not installed: ./run test installs them")
    for file in PACKAGE.glob("*.js"):
        visit.site.put(f"/ajs/{file.name}", file.read_text(encoding="utf-8"), SCRIPT)
    host = visit.collector.url.removeprefix("http://")
    page = visit.open(visit.site.put(visit.path, PAGE.replace("KEY", SDK_KEY).replace("HOST", host)))
    page.evaluate(
        """async () => {
            await analytics.page("Docs", "Start");
            await analytics.track("Product Viewed", {sku: "s-1"});
            await analytics.identify("jane", {email: "jane@example.com"});
            await analytics.track("Coupon Entered", {});
            analytics.track("Order Completed", {order_id: "o-7", total: 19.9, currency: "EUR"});
        }"""
    )
    page.goto("about:blank")
    wait_for(lambda: len(sent_by(arrived)) >= 4, lambda: f"4 events are expected, not {sent_by(arrived)}", 20.0)
    found = sent_by(arrived)
    assert sorted((one["type"].split(".")[1], one.get("touchpoint", "")) for one in found) == [
        ("identify", ""),
        ("touchpoint", "product_view"),
        ("touchpoint", "purchase"),
        ("touchpoint", "web_page"),
    ]
    order = next(one for one in found if one.get("order"))
    assert (order["order"]["id"], order["amount"]) == ("o-7", {"amount_minor": 1_990, "currency": "EUR"})
    assert {person["type"] for person in order["persons"]} == {"login", "anonymous"}
