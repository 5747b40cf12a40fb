"""Every call of amplitude-analytics (PyPI), as its documentation writes them.
Arguments: the collector's address, a write key, a prefix of ids.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from amplitude import Amplitude, BaseEvent, EventOptions, Identify, Revenue

url, key, prefix = sys.argv[1:]
user, browser = f"{prefix}-user", f"{prefix}-browser"


class Told(logging.Handler):
    """Of a wrong key the SDK tells its logger only."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        self._errors.append(record.getMessage())


def told_by(calls: Any, project: str = key) -> list[str]:
    """What the SDK tells of these calls, sent in a batch of their own."""
    errors: list[str] = []
    client = Amplitude(project)
    client.configuration.logger = logger = logging.Logger("told")
    logger.addHandler(Told(errors))
    client.configuration.server_url = f"{url}/2/httpapi"
    client.configuration.flush_queue_size = 50
    client.configuration.flush_interval_millis = 500
    client.configuration.callback = lambda _event, *answer: errors.extend([str(answer)] if answer[0] != 200 else [])
    calls(client)
    client.shutdown()
    return errors


def valid(client: Any) -> None:
    order = {"order_id": f"{prefix}-1", "currency": "EUR"}
    page = {"[Amplitude] Page Path": "/start"}
    somebody = EventOptions(user_id=user, device_id=browser)
    client.track(BaseEvent("[Amplitude] Page Viewed", device_id=browser, event_properties=page))
    odd = {"sku": "s-1", "odd": float("nan")}
    client.track(BaseEvent("Product Viewed", device_id=browser, event_properties=odd))
    client.identify(Identify().set("email", f"{prefix}@example.com").set_once("plan", "pro"), somebody)
    time = 1_772_532_900_000
    client.track(BaseEvent("Order Completed", user_id=user, time=time, event_properties={**order, "total": 199.9}))
    client.track(BaseEvent("Order Refunded", user_id=user, event_properties={**order, "total": 19.9}))
    client.revenue(Revenue(price=19.9, quantity=2, product_id="s-1"), somebody)
    client.set_group("company", f"{prefix}-group", somebody)
    client.group_identify("company", f"{prefix}-group", Identify().set("employees", 20), somebody)


def masked(client: Any) -> None:
    client.track(BaseEvent("Product Viewed", user_id=f"{prefix}-***"))


said = {"errors": told_by(valid), "refused": told_by(masked), "unknown_key": told_by(masked, "unknown")}
print(json.dumps(said))
