"""segment-analytics-python under load: events until its input ends, then what it says of them. Arguments: the collector's address, a
write key, a prefix of ids."""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from typing import Any

url, key, prefix = sys.argv[1:]
analytics: Any = importlib.import_module("segment.analytics")
failed: list[str] = []
analytics.write_key, analytics.host = key, url
analytics.on_error = lambda _error, items: failed.extend(item["messageId"] for item in items)
stop = threading.Event()


def stop_at_the_end_of_input() -> None:
    """In a thread of its own."""
    sys.stdin.read()
    stop.set()


threading.Thread(target=stop_at_the_end_of_input, daemon=True).start()
WAITING_MAX = 500
sent = 0
while not stop.is_set():
    # The SDK drops what its queue of 10,000 does not hold, without calling on_error.
    if sent and analytics.default_client.queue.qsize() > WAITING_MAX:
        time.sleep(0.02)
        continue
    for _ in range(10):
        analytics.track(f"{prefix}-user-{sent % 97}", "Product Viewed", {"sku": "s-1"}, message_id=f"{prefix}-{sent}")
        sent += 1
    time.sleep(0.02)
analytics.flush()
analytics.shutdown()
print(json.dumps({"sent": sent, "failed": failed}))
