"""Every call of snowplow-tracker (PyPI), as its documentation writes them.
Arguments: the collector's address, a write key, a prefix of ids.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

from snowplow_tracker import (
    Emitter,
    PagePing,
    PageView,
    ScreenView,
    SelfDescribing,
    SelfDescribingJson,
    StructuredEvent,
    Subject,
    Tracker,
)

url, key, prefix = sys.argv[1:]
nobody = Subject().set_domain_user_id(f"{prefix}-browser")
somebody = Subject().set_domain_user_id(f"{prefix}-browser").set_user_id(f"{prefix}-user")
warnings.simplefilter("ignore", DeprecationWarning)  # of transactions, which old pages send


def told_by(calls: Any, write_key: str = key, method: Any = "post") -> list[str]:
    """What the SDK tells of these calls, sent in requests of their own."""
    errors: list[str] = []
    emitter = Emitter(
        f"{url}/snowplow/{write_key}",
        method=method,
        batch_size=50,
        on_failure=lambda _sent, unsent: errors.append(f"{len(unsent)} not sent"),
    )
    tracker = Tracker(namespace="t", emitters=emitter, app_id="shop")
    calls(tracker)
    tracker.flush()
    return errors


def described(name: str, **data: Any) -> SelfDescribingJson:
    return SelfDescribingJson(f"iglu:com.example/{name}/jsonschema/1-0-0", data)


def valid(tracker: Any) -> None:
    page = "https://shop.example.com/start"
    order: dict[str, Any] = {"order_id": f"{prefix}-1", "currency": "EUR"}
    tracker.track(PageView(page, "Start", event_subject=nobody))
    tracker.track(PagePing(page, "Start", event_subject=nobody))
    viewed = described("product_viewed", sku="s-1", odd=float("nan"))
    tracker.track(SelfDescribing(viewed, event_subject=nobody))
    bought = described("order_completed", **order, total=199.9)
    tracker.track(SelfDescribing(bought, event_subject=somebody, true_timestamp=1_772_532_900_000))
    tracker.track(SelfDescribing(described("order_refunded", **order, total=19.9), event_subject=somebody))
    tracker.track(ScreenView(id_="pay", name="Pay", event_subject=somebody))
    tracker.track(StructuredEvent("shop", "Product Added", "s-1", "size", 2, event_subject=somebody))


def by_get(tracker: Any) -> None:
    tracker.track(StructuredEvent("shop", "Cart Viewed", event_subject=somebody))


def masked(tracker: Any) -> None:
    tracker.track(PageView("https://shop.example.com/", event_subject=Subject().set_user_id(f"{prefix}-***")))


errors = [*told_by(valid), *told_by(by_get, method="get")]
print(json.dumps({"errors": errors, "refused": told_by(masked), "unknown_key": told_by(by_get, "unknown")}))
