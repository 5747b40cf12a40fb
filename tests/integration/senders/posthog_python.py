"""Every call of posthog (PyPI) that we read, as its documentation writes them.
Arguments: the collector's address, a write key, a prefix of ids.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from posthog import Posthog

url, key, prefix = sys.argv[1:]
user, browser = f"{prefix}-user", f"{prefix}-browser"


def told_by(calls: Any, project: str = key) -> list[str]:
    """What the SDK tells of these calls, sent in a batch of their own."""
    errors: list[str] = []
    client = Posthog(project, host=url, flush_at=50, on_error=lambda error, _batch: errors.append(str(error)))
    calls(client)
    client.shutdown()
    return errors


def valid(client: Any) -> None:
    nobody = {"$process_person_profile": False}
    order = {"order_id": f"{prefix}-1", "currency": "EUR"}
    page = {"$current_url": "https://shop.example.com/start"}
    client.capture("$pageview", distinct_id=browser, properties={**nobody, **page})
    client.capture("Product Viewed", distinct_id=browser, properties={**nobody, "sku": "s-1", "odd": float("nan")})
    client.alias(previous_id=browser, distinct_id=user)
    client.set(distinct_id=user, properties={"email": f"{prefix}@example.com"})
    client.set_once(distinct_id=user, properties={"plan": "pro"})
    time = datetime(2026, 3, 3, 10, 15, tzinfo=UTC)
    client.capture("Order Completed", distinct_id=user, properties={**order, "total": 199.9}, timestamp=time)
    client.capture("Order Refunded", distinct_id=user, properties={**order, "total": 19.9})
    client.capture("$screen", distinct_id=user, properties={"$screen_name": "Pay"})
    client.group_identify("company", f"{prefix}-group", {"employees": 20})


def masked(client: Any) -> None:
    client.capture("Product Viewed", distinct_id=f"{prefix}-***")


said = {"errors": told_by(valid), "refused": told_by(masked), "unknown_key": told_by(masked, "unknown")}
print(json.dumps(said))
