"""The calls of mixpanel (PyPI) that we read, as its documentation writes them.
Arguments: the collector's address, a write key, a prefix of ids.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from mixpanel import BufferedConsumer, Consumer, Mixpanel, MixpanelException

url, key, prefix = sys.argv[1:]
user, browser = f"{prefix}-user", f"{prefix}-browser"
URLS = {
    "events_url": f"{url}/track",
    "people_url": f"{url}/engage",
    "groups_url": f"{url}/groups",
    "import_url": f"{url}/import",
}


def told_by(calls: Any, consumer: Any, project: str = key) -> list[str]:
    """What the SDK tells of these calls."""
    try:
        calls(Mixpanel(project, consumer=consumer))
    except MixpanelException as error:
        return [str(error)]
    return []


def valid(client: Any) -> None:
    order = {"order_id": f"{prefix}-1", "currency": "EUR"}
    client.track(f"$device:{browser}", "Product Viewed", {"sku": "s-1", "odd": float("nan")})
    client.track(user, "Signed In", {"$user_id": user, "$device_id": browser})
    client.people_set(user, {"$email": f"{prefix}@example.com"})
    client.people_set_once(user, {"plan": "pro"})
    client.import_data(None, user, "Order Completed", 1_772_532_900, {**order, "total": 199.9})
    client.merge(None, user, f"{prefix}-former")
    client.group_set("company", f"{prefix}-group", {"employees": 20})


def buffered(client: Any) -> None:
    client.track(user, "Order Refunded", {"order_id": f"{prefix}-1", "currency": "EUR", "total": 19.9})
    client.track(user, "Cart Viewed")
    consumer.flush()


def masked(client: Any) -> None:
    client.track(f"{prefix}-***", "Product Viewed")


consumer = BufferedConsumer(**URLS)
errors = [*told_by(valid, Consumer(**URLS)), *told_by(buffered, consumer)]
refused, unknown_key = told_by(masked, Consumer(**URLS)), told_by(masked, Consumer(**URLS), "unknown")
print(json.dumps({"errors": errors, "refused": refused, "unknown_key": unknown_key}))
