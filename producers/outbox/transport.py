"""The way to Kafka through an outbox: `send` returns when the record is on disk, a thread brings it to Kafka."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from touchline.errors import EngineUnreachable
from touchline.kafka.partitioning import KeyHashes
from touchline.producers.deliveries import Deliveries, OnDelivery
from touchline.producers.outbox import forks
from touchline.producers.outbox.account import OutboxAccount
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.drain import STOP_SECONDS, Drainer
from touchline.producers.outbox.link import KafkaLink, is_refused_for_good
from touchline.producers.outbox.wire import body_of, framed
from touchline.producers.outbox.writer import OutboxWriter
from touchline.producers.record import PreparedRecord
from touchline.producers.sender_clock import SenderClock
from touchline.producers.session import CLOSE_SECONDS

log = logging.getLogger(__name__)

LAST_SETTLE_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 30.0
"""Beyond kafka-python's own delivery time-out, which does not always fire."""


class OutboxTransport:
    """Shared by threads; a forked child goes on with files and a drainer of its own."""

    events_at_once: Final = 500
    keeps_events: Final = True

    def __init__(
        self,
        config: OutboxConfig,
        deliveries: Deliveries,
        bootstrap: str,
        topic: str,
        connect_timeout_seconds: float,
        delivery_timeout_seconds: float,
        options: Mapping[str, Any],
        clock_us: Callable[[], int],
    ) -> None:
        """Opens the outbox; Kafka may be away. Raises OutboxUnusable."""
        self._deliveries = deliveries
        self.clock = SenderClock(clock_us)
        self._open_link = lambda: KafkaLink(
            bootstrap, topic, connect_timeout_seconds, delivery_timeout_seconds, options, self.clock
        )
        self._patience_seconds = delivery_timeout_seconds + _PATIENCE_SECONDS
        self._clock_us = clock_us
        self._hashes = KeyHashes()
        self._writer = OutboxWriter(config, topic)
        self._account = OutboxAccount(config.folder, self._writer.page, deliveries)
        self._starting = threading.Lock()
        self._drainer: Drainer | None = None
        self._is_closed = False
        self._start_draining()
        forks.watch(self)

    def send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        """Writes all or none. Raises OutboxFull, WrongUsage."""
        hash_of = self._hashes.of
        start, end = self._writer.append([framed(body_of(record), hash_of(record.key)) for record in records])
        self._account.add(start, end, [record.event_id for record in records], on_delivery)
        drainer = self._drainer
        if drainer is None:
            self._start_draining()
        else:
            drainer.nudge()

    def settle(self, timeout_seconds: float | None) -> None:
        """Returns when Kafka has all that this process sent; raises EngineUnreachable when the time is over."""
        timeout_seconds = self._patience_seconds if timeout_seconds is None else timeout_seconds
        if not self._deliveries.wait_until_settled(timeout_seconds):
            raise EngineUnreachable(
                f"Kafka has not acknowledged {self._deliveries.counts.on_their_way:,} events within {timeout_seconds:g} s",
                "nothing is lost: they wait in the outbox (touchline outbox show says why)",
            )

    def settle_last(self, timeout_seconds: float | None) -> None:
        """The same, but what is left stays in the outbox and is said, not raised."""
        timeout_seconds = LAST_SETTLE_SECONDS if timeout_seconds is None else timeout_seconds
        if not self._deliveries.wait_until_settled(timeout_seconds):
            log.warning(
                "%d events wait in the outbox %s: the next process that opens it sends them",
                self._deliveries.counts.on_their_way,
                self._writer.config.folder,
            )

    @property
    def waiting_bytes(self) -> int:
        """What waits in the outbox, other processes' records included."""
        return self._writer.waiting_bytes

    def disconnect(self) -> None:
        """Stops draining, so that another process may, and closes the files."""
        with self._starting:  # an emit of another thread may be about to start one
            self._is_closed = True
            drainer, self._drainer = self._drainer, None
        if drainer is not None:
            drainer.stop()
            if drainer is not threading.current_thread():
                drainer.join(STOP_SECONDS + CLOSE_SECONDS)
        self._writer.close()

    def _start_draining(self) -> None:
        with self._starting:
            if self._drainer is None and not self._is_closed:
                self._drainer = Drainer(
                    self._writer,
                    self._account,
                    self._open_link,
                    is_refused_for_good,
                    self.clock,
                    self._clock_us,
                    self._patience_seconds,
                )
                self._drainer.start()

    def forget_parent(self) -> None:
        """In a forked child: threads are not copied, and the parent's events are the parent's."""
        self._starting = threading.Lock()
        self._drainer = None
        self._account.forget()
