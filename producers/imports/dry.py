"""A producer that checks and sends nothing, for dry runs."""

from __future__ import annotations

from collections.abc import Sequence

from touchline.producers.deliveries import OnDelivery
from touchline.producers.producer import EventProducer
from touchline.producers.record import PreparedRecord


class DryProducer(EventProducer):
    """Makes every record and drops it."""

    def _send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        pass

    def _settle(self, timeout_seconds: float | None) -> None:
        pass

    def _disconnect(self) -> None:
        pass
