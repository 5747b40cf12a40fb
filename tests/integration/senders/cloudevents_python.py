"""CloudEvents of cloudevents 2.x (PyPI), structured and binary. Arguments: the collector's address, a write key, a source."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import requests
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

url, key, source = sys.argv[1:]
statuses = []
for number, convert in enumerate((to_binary_event, to_structured_event)):
    event = CloudEvent(
        {
            "id": f"{source}-{number}",
            "source": source,
            "type": "touchline.touchpoint.v1",
            "time": datetime(2026, 3, 3, 10, 15, tzinfo=UTC),
            "datacontenttype": "application/json",
            "specversion": "1.0",
        },
        {"touchpoint": "hotline", "identifiers": [{"type": "login", "value": f"{source}-user"}]},
    )
    message = convert(event)
    headers = {**message.headers, "Authorization": f"Bearer {key}"}
    statuses.append(requests.post(f"{url}/v1/events", data=message.body, headers=headers, timeout=20).status_code)
print(json.dumps({"statuses": statuses}))
