"""The producer's twin: same checks, same records, no broker. For tests of programs that send events."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from touchline.producers.deliveries import OnDelivery
from touchline.producers.producer import EventProducer
from touchline.producers.record import PreparedRecord


class InMemoryProducer(EventProducer):
    """Keeps the records; `flush` delivers them, so that a program which forgets it is found out.

    `fail_with` makes the deliveries of the next flush fail.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.records: list[PreparedRecord] = []
        """Delivered records, in the order of delivery."""
        self.fail_with: Exception | None = None
        self._pending: list[tuple[PreparedRecord, OnDelivery | None]] = []
        self._lock = threading.Lock()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The delivered events as a consumer would decode them."""
        return [json.loads(record.value) for record in self.records]

    def _send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        for record in records:
            self._deliveries.start()
            with self._lock:
                self._pending.append((record, on_delivery))
                is_full = len(self._pending) >= self._deliveries.max_unacknowledged
            if is_full:
                self._settle(None)

    def _settle(self, timeout_seconds: float | None) -> None:
        with self._lock:
            pending, self._pending = self._pending, []
            if self.fail_with is None:
                self.records.extend(record for record, _ in pending)
        for record, on_delivery in pending:
            self._deliveries.finish(record.event_id, self.fail_with, on_delivery)

    def _disconnect(self) -> None:
        pass
