"""The way to Kafka without an outbox: records are kept in memory by kafka-python until they are acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kafka.errors import KafkaError, MessageSizeTooLargeError

from touchline.producers.deliveries import Deliveries, OnDelivery
from touchline.producers.errors import EventRejected
from touchline.producers.lasting import LastingKafka
from touchline.producers.outbox import forks
from touchline.producers.record import PreparedRecord
from touchline.producers.sender_clock import SenderClock
from touchline.producers.session import CLOSE_SECONDS, connect_for, unreachable
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection

_GRACE_SECONDS: Final = 0.1
"""A flush ends with the batches; their callbacks may still be running in the producer's thread."""


class DirectTransport:
    """One KafkaProducer at a time."""

    events_at_once: Final = 2_000
    keeps_events: Final = False
    """They are in memory until Kafka has them."""
    waiting_bytes: Final = 0
    """There is no outbox."""

    def __init__(
        self,
        deliveries: Deliveries,
        bootstrap: str,
        topic: str,
        connect_timeout_seconds: float,
        delivery_timeout_seconds: float,
        options: Mapping[str, Any],
        clock_us: Callable[[], int],
    ) -> None:
        """Connects. Raises EngineUnreachable, WrongUsage."""
        self.clock = SenderClock(clock_us)
        self._deliveries = deliveries
        self._bootstrap = bootstrap
        # kafka-python 3.0.12 may wait for ever for a new producer id while no broker answers, its delivery time-out
        # included.
        self._patience_seconds = delivery_timeout_seconds + CLOSE_SECONDS

        def open_kafka(changes: Mapping[str, Any]) -> tuple[Any, set[int]]:
            chosen = {**options, **changes}
            return connect_for(topic, bootstrap, connect_timeout_seconds, delivery_timeout_seconds, chosen)

        self._kafka = LastingKafka(open_kafka, topic, deliveries, self.clock, self._patience_seconds)
        forks.watch(self._kafka)

    def send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        """Waits while too many are on their way. Raises EventRejected, EngineUnreachable."""
        if len(records) > 1 and self._kafka.takes_together(records):
            self._send_together(records, on_delivery)
            return
        for record in records:
            self._deliveries.start()
            try:
                self._send_one(record, on_delivery)
            except BaseException:
                self._deliveries.cancel()
                raise

    def _send_together(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        sent = 0
        while sent < len(records):
            taken = self._deliveries.start_some(len(records) - sent)
            try:
                self._kafka.send_together(records[sent : sent + taken], on_delivery)
            except BaseException as error:
                self._deliveries.cancel(taken)
                if isinstance(error, KafkaError):
                    raise unreachable(self._bootstrap, error) from None
                raise
            sent += taken

    def _send_one(self, record: PreparedRecord, on_delivery: OnDelivery | None) -> None:
        try:
            self._kafka.send(record, on_delivery)
        except MessageSizeTooLargeError:
            raise EventRejected(Rejection(Reason.TOO_LARGE, ""), f"{len(record.value):,} bytes") from None
        except KafkaError as error:
            raise unreachable(self._bootstrap, error) from None

    def settle(self, timeout_seconds: float | None) -> None:
        """Returns when nothing is on its way; raises EngineUnreachable when the time is over."""
        timeout_seconds = self._patience_seconds if timeout_seconds is None else timeout_seconds
        give_up_s = time.monotonic() + timeout_seconds
        self._kafka.flush(timeout_seconds)
        if not self._deliveries.wait_until_settled(max(_GRACE_SECONDS, give_up_s - time.monotonic())):
            raise unreachable(self._bootstrap, None)

    settle_last = settle

    def disconnect(self) -> None:
        """Lets go of everything. Given up events fail."""
        self._kafka.close()
