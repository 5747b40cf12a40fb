"""Every call of segment-analytics-python and of rudder-sdk-python, which have the same ones, as their documentation writes them.
Arguments: which of the two (`segment`, `rudderstack`), the collector's address, a write key, a prefix of ids.
"""

from __future__ import annotations

import importlib
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

package, url, key, prefix = sys.argv[1:]
analytics: Any = importlib.import_module(f"{package}.analytics")
errors: list[str] = []
analytics.write_key = key
setattr(analytics, "host" if package == "segment" else "dataPlaneUrl", url)
analytics.on_error = lambda error, items: errors.append(f"{error!r} {len(items)}")
user, browser = f"{prefix}-user", f"{prefix}-browser"
analytics.page(None, "Docs", "Start", {"path": "/start"}, anonymous_id=browser)
analytics.track(None, "Product Viewed", {"sku": "s-1", "odd": float("nan")}, anonymous_id=browser)
analytics.identify(user, {"email": f"{prefix}@example.com", "plan": "pro"}, anonymous_id=browser)
analytics.track(
    user,
    "Order Completed",
    {"order_id": f"{prefix}-1", "total": Decimal("199.90"), "currency": "EUR", "products": [{"sku": "s-1"}]},
    timestamp=datetime(2026, 3, 3, 10, 15, tzinfo=UTC),
    message_id=f"{prefix}-order",
)
analytics.track(user, "Order Refunded", {"order_id": f"{prefix}-1", "total": 19.9, "currency": "EUR"})
analytics.screen(user, "Checkout", "Pay")
analytics.group(user, f"{prefix}-group", {"employees": 20})
analytics.alias(f"{prefix}-former", user)
analytics.flush()
analytics.shutdown()


def told_of_masked(write_key: str) -> list[str]:
    """What the SDK tells of a call that is refused."""
    told: list[str] = []
    client = analytics.Client(write_key, host=url, on_error=lambda error, _items: told.append(str(error)))
    client.track(f"{prefix}-***", "Product Viewed")
    client.shutdown()
    return told


refused, unknown_key = told_of_masked(key), told_of_masked("unknown")
print(json.dumps({"errors": errors, "refused": refused, "unknown_key": unknown_key}))
