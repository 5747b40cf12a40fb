"""What all producers have in common: an event comes in as a model, a mapping or keyword arguments and leaves as a
record.

    emit -> RecordMaker (keys, checks, JSON) -> Deliveries.start -> _send -> ... -> Deliveries.finish -> on_delivery

A subclass only knows how to send a record and how to wait for it. A durable outbox would stand between `start` and
`_send`.
"""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from touchline.errors import WrongUsage
from touchline.producers.deliveries import Deliveries, DeliveryCounts, OnDelivery
from touchline.producers.errors import DeliveryFailed, EventRejected
from touchline.producers.record import PreparedRecord, RecordMaker
from touchline.schemas.events import Event
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import Sources
from touchline.schemas.times import format_time

MAX_UNACKNOWLEDGED = 50_000

OnRejected = Callable[[int, EventRejected], None]
"""Called by `emit_many` with the position of a refused event in the iterable (from 0) and the reason."""


def now_us() -> int:
    """Microseconds since the epoch by this machine's clock."""
    return time.time_ns() // 1_000


class EventProducer(ABC):
    """Sends events; safe to share between threads. Must be closed, best as a context manager.

    `emit` returns before Kafka has the event: only `flush`, `close` or `on_delivery` tell that it is there.
    """

    def __init__(
        self,
        *,
        person_keys: PersonKeys | None = None,
        sources: Sources | None = None,
        on_delivery: OnDelivery | None = None,
        max_unacknowledged: int = MAX_UNACKNOWLEDGED,
        clock_us: Callable[[], int] = now_us,
    ) -> None:
        if max_unacknowledged < 1:
            raise WrongUsage("max_unacknowledged is below 1", "leave it out, or allow at least one event on its way")
        self._maker = RecordMaker(person_keys, sources, clock_us)
        self._clock_us = clock_us
        self._on_delivery = on_delivery
        self._deliveries = Deliveries(max_unacknowledged)
        self._is_closed = False

    @property
    def counts(self) -> DeliveryCounts:
        """Events handed over, acknowledged and failed since the producer was opened."""
        return self._deliveries.counts

    def emit(
        self,
        event: Event | Mapping[str, Any] | None = None,
        /,
        *,
        on_delivery: OnDelivery | None = None,
        **fields: Any,
    ) -> str:
        """Takes one event on its way to Kafka and returns its id.

        A model or a mapping is a complete event: id, source, type, time. Keyword arguments make a touchpoint event (or
        the given `type`) that happened just now, with a new id, where `time` and `id` are not given: an event that may
        be sent again must bring its own. Persons are `identifiers=[{"type": "loyalty", "value": "..."}]`; only their
        keys are sent.

        Raises:
            EventRejected: the event would be quarantined; nothing was sent.
            WrongUsage: the producer is closed, or has no person key for the identifiers.
        """
        if event is None:
            event = self._complete(fields)
        elif fields:
            raise WrongUsage("emit was given an event and fields as well", "put the fields into the event")
        if self._is_closed:
            raise WrongUsage("the producer is closed", "open a new one")
        record = self._maker.make(event)
        self._deliveries.start()
        try:
            self._send(record, on_delivery or self._on_delivery)
        except BaseException:
            self._deliveries.cancel()
            raise
        return record.event_id

    def emit_many(
        self,
        events: Iterable[Event | Mapping[str, Any]],
        *,
        on_rejected: OnRejected | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> int:
        """Emits complete events in order and returns how many were taken.

        The first bad event raises EventRejected (those before it are on their way), unless `on_rejected` takes it.
        """
        taken = 0
        for position, event in enumerate(events):
            try:
                self.emit(event, on_delivery=on_delivery)
            except EventRejected as rejection:
                if on_rejected is None:
                    raise
                on_rejected(position, rejection)
            else:
                taken += 1
        return taken

    def flush(self, timeout_seconds: float | None = None) -> None:
        """Waits until every event is acknowledged or failed.

        Raises:
            DeliveryFailed: events failed since the last flush.
            EngineUnreachable: some are still on their way when the time is over.
        """
        self._settle(timeout_seconds)
        failed, error = self._deliveries.take_failures()
        if failed:
            raise DeliveryFailed(failed, error)

    def close(self, timeout_seconds: float | None = None) -> None:
        """Flushes and lets go of the connection, also when the flush fails. A second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self.flush(timeout_seconds)
        finally:
            self._disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or self._is_closed:
            self.close()
            return
        # What was emitted before the fault still goes out, but must neither hide the fault nor hold it up for long.
        self._is_closed = True
        try:
            self._settle(CLOSE_AFTER_FAULT_SECONDS)
        except Exception:
            pass
        finally:
            self._disconnect()

    def _complete(self, fields: dict[str, Any]) -> dict[str, Any]:
        if fields.get("id") is None:
            fields["id"] = str(uuid.uuid4())
        if fields.get("time") is None:
            fields["time"] = format_time(self._clock_us())
        return {"type": "touchline.touchpoint.v1", **fields}

    @abstractmethod
    def _send(self, record: PreparedRecord, on_delivery: OnDelivery | None) -> None:
        """Starts the delivery; it ends with exactly one `Deliveries.finish`, unless this raises."""

    @abstractmethod
    def _settle(self, timeout_seconds: float | None) -> None:
        """Returns when nothing is on its way; raises EngineUnreachable when the time is over."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Lets go of everything without waiting."""


CLOSE_AFTER_FAULT_SECONDS = 5.0
