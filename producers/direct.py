"""The way to Kafka without an outbox: each record to kafka-python, which keeps it in memory until it is acknowledged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from touchline.producers.deliveries import Deliveries, OnDelivery
from touchline.producers.errors import EventRejected
from touchline.producers.record import PreparedRecord
from touchline.producers.session import CLOSE_SECONDS, connect_for, disconnect, unreachable
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection


class DirectTransport:
    """One KafkaProducer."""

    events_at_once: Final = 1
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
    ) -> None:
        """Connects. Raises EngineUnreachable, WrongUsage."""
        self._deliveries = deliveries
        self._bootstrap = bootstrap
        self._topic = topic
        self._patience_seconds = delivery_timeout_seconds + CLOSE_SECONDS
        self._kafka, _ = connect_for(topic, bootstrap, connect_timeout_seconds, delivery_timeout_seconds, options)

    def send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        """Waits while too many are on their way. Raises EventRejected, EngineUnreachable."""
        for record in records:
            self._deliveries.start()
            try:
                self._send_one(record, on_delivery)
            except BaseException:
                self._deliveries.cancel()
                raise

    def _send_one(self, record: PreparedRecord, on_delivery: OnDelivery | None) -> None:
        try:
            future = self._kafka.send(self._topic, key=record.key, value=record.value, headers=record.headers)
        except MessageSizeTooLargeError:
            raise EventRejected(Rejection(Reason.TOO_LARGE, ""), f"{len(record.value):,} bytes") from None
        except KafkaError as error:
            raise unreachable(self._bootstrap, error) from None
        if on_delivery is None:
            future.add_callback(self._deliveries.acknowledge)
            future.add_errback(self._deliveries.fail)
        else:
            finish = self._deliveries.finish
            future.add_callback(lambda _: finish(record.event_id, None, on_delivery))
            future.add_errback(lambda error: finish(record.event_id, error, on_delivery))

    def settle(self, timeout_seconds: float | None) -> None:
        """Returns when nothing is on its way; raises EngineUnreachable when the time is over."""
        # kafka-python 3.0.12 may wait for ever for a new producer id while no broker answers, its delivery time-out
        # included.
        timeout_seconds = self._patience_seconds if timeout_seconds is None else timeout_seconds
        try:
            self._kafka.flush(timeout_seconds)
        except KafkaTimeoutError as error:
            raise unreachable(self._bootstrap, error) from None
        # The flush ends with the batches; their callbacks may still be running in the producer's thread.
        if not self._deliveries.wait_until_settled(timeout_seconds):
            raise unreachable(self._bootstrap, None)

    settle_last = settle

    def disconnect(self) -> None:
        """Lets go of everything. Given up events fail."""
        disconnect(self._kafka)
