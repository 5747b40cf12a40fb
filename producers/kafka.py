"""The producer for real: straight to Kafka, or through a durable outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from touchline.producers.content_key import ContentKey
from touchline.producers.deliveries import OnDelivery
from touchline.producers.direct import DirectTransport
from touchline.producers.producer import EventProducer
from touchline.producers.record import PreparedRecord
from touchline.producers.sender_clock import SenderClock
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import load_sources

if TYPE_CHECKING:
    from touchline.producers.outbox.config import OutboxConfig
    from touchline.settings import Settings

CONNECT_TIMEOUT_SECONDS = 10.0
DELIVERY_TIMEOUT_SECONDS = 120.0
"""Longest time that kafka-python tries to deliver an event before it fails; with an outbox it is then tried anew."""


class Transport(Protocol):
    """How records get to Kafka; the methods are those of EventProducer with an underscore."""

    @property
    def events_at_once(self) -> int: ...
    @property
    def keeps_events(self) -> bool: ...
    @property
    def waiting_bytes(self) -> int: ...
    @property
    def clock(self) -> SenderClock: ...
    def send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None: ...
    def settle(self, timeout_seconds: float | None) -> None: ...
    def settle_last(self, timeout_seconds: float | None) -> None: ...
    def disconnect(self) -> None: ...


class TouchpointProducer(EventProducer):
    """Sends events to Kafka in order per person.

        keys = PersonKeys.from_file("person_key")
        with TouchpointProducer("127.0.0.1:9092", person_keys=keys, outbox="/var/lib/shop/outbox") as producer:
            producer.emit(source="web-shop", touchpoint="product_page", identifiers=[("login", "4711")])

    With `outbox` (a folder, or an OutboxConfig) `emit` returns once the operating system has the event, whether Kafka
    answers or not. It survives the end of this process, and whoever opens the outbox next goes on sending. An event
    may then reach Kafka twice, with the same id: the pipeline counts it once.

    Without one it is in memory until Kafka has it: one record per event and session, lost with the process.

    `kafka_options` go to kafka-python as they are (security_protocol, sasl_mechanism, ssl_cafile ...). A repeated emit
    of the same event is a second record; the pipeline counts it once.
    """

    def __init__(
        self,
        kafka_bootstrap: str = "127.0.0.1:9092",
        topic: str = "customer-events",
        *,
        outbox: OutboxConfig | Path | str | None = None,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        delivery_timeout_seconds: float = DELIVERY_TIMEOUT_SECONDS,
        kafka_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Connects at once where there is no outbox; `options` are those of EventProducer.

        Raises:
            EngineUnreachable: no broker answers (without an outbox).
            WrongUsage: the topic does not exist or is not granted (without an outbox); an option is wrong.
            OutboxUnusable: the outbox is another topic's, or its folder cannot be used.
        """
        super().__init__(**options)
        to_kafka = (kafka_bootstrap, topic, connect_timeout_seconds, delivery_timeout_seconds, kafka_options or {})
        self._transport: Transport
        if outbox is None:
            self._transport = DirectTransport(self._deliveries, *to_kafka, self._clock_us)
        else:
            from touchline.producers.outbox.config import OutboxConfig
            from touchline.producers.outbox.transport import OutboxTransport

            self._transport = OutboxTransport(OutboxConfig.of(outbox), self._deliveries, *to_kafka, self._clock_us)
        self._events_at_once = self._transport.events_at_once

    @classmethod
    def from_settings(cls, settings: Settings, **options: Any) -> Self:
        """The producer that touchline.toml describes: broker, topic, person key and content key (where their files exist),
        sources, and the outbox where `outbox_dir` is set."""
        if settings.person_key_file.is_file():
            options.setdefault("person_keys", PersonKeys.from_file(settings.person_key_file))
        if settings.content_key_file.is_file():
            options.setdefault("content_key", ContentKey.from_file(settings.content_key_file))
        if "sources" not in options:
            options["sources"] = load_sources(settings.sources_file)
        if "outbox" not in options and settings.outbox_dir is not None:
            from touchline.producers.outbox.config import OutboxConfig

            options["outbox"] = OutboxConfig.from_settings(settings)
        return cls(settings.kafka_bootstrap, settings.topic, **options)

    @property
    def waiting_bytes(self) -> int:
        """What waits in the outbox, records of other processes included; 0 without one."""
        return self._transport.waiting_bytes

    @property
    def clock_ahead_seconds(self) -> float | None:
        return self._transport.clock.ahead_seconds

    def secure(self) -> None:
        """Waits for Kafka's acknowledgements; with an outbox there is nothing to wait for."""
        if not self._transport.keeps_events:
            self.flush()

    def _send(self, records: Sequence[PreparedRecord], on_delivery: OnDelivery | None) -> None:
        self._transport.send(records, on_delivery)

    def _settle(self, timeout_seconds: float | None) -> None:
        self._transport.settle(timeout_seconds)

    def _settle_last(self, timeout_seconds: float | None) -> None:
        self._transport.settle_last(timeout_seconds)

    def _disconnect(self) -> None:
        self._transport.disconnect()
