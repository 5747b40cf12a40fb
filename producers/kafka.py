"""The producer for real: kafka-python's idempotent producer, tuned for many small events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from kafka import KafkaProducer
from kafka.errors import (
    AuthorizationError,
    KafkaConfigurationError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
)
from kafka.net.compat import KafkaNetClient

from touchline.errors import EngineUnreachable, WrongUsage
from touchline.producers.deliveries import OnDelivery
from touchline.producers.errors import EventRejected
from touchline.producers.partitioning import CachingPartitioner
from touchline.producers.producer import EventProducer
from touchline.producers.record import PreparedRecord
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import load_sources

if TYPE_CHECKING:
    from touchline.settings import Settings

LINGER_MS = 10
BATCH_BYTES = 256 * 1024
CONNECT_TIMEOUT_SECONDS = 10.0
CLOSE_SECONDS = 5.0
DELIVERY_TIMEOUT_SECONDS = 120.0
"""So long kafka-python tries to deliver an event before it fails."""


class TouchpointProducer(EventProducer):
    """Sends events to Kafka: exactly one record per event and session, in order per person.

        keys = PersonKeys.from_file("person_key")
        with TouchpointProducer("127.0.0.1:9092", person_keys=keys) as producer:
            producer.emit(source="web-shop", touchpoint="product_page", identifiers=[("login", "4711")])

    `kafka_options` go to kafka-python as they are (security_protocol, sasl_mechanism, ssl_cafile ...). A repeated emit
    of the same event is a second record; the pipeline counts it once.
    """

    def __init__(
        self,
        kafka_bootstrap: str = "127.0.0.1:9092",
        topic: str = "customer-events",
        *,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        delivery_timeout_seconds: float = DELIVERY_TIMEOUT_SECONDS,
        kafka_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Connects at once; `options` are those of EventProducer.

        Raises:
            EngineUnreachable: no broker answers.
            WrongUsage: the topic does not exist or is not granted; an option is wrong.
        """
        super().__init__(**options)
        self._bootstrap = kafka_bootstrap
        self._topic = topic
        self._patience_seconds = delivery_timeout_seconds + CLOSE_SECONDS
        self._kafka = _connect(kafka_bootstrap, connect_timeout_seconds, delivery_timeout_seconds, kafka_options or {})
        try:
            self._require_topic()
        except BaseException:
            self._disconnect()
            raise

    @classmethod
    def from_settings(cls, settings: Settings, **options: Any) -> Self:
        """The producer that touchline.toml describes: broker, topic, person key (where its file exists), sources."""
        if settings.person_key_file.is_file():
            options.setdefault("person_keys", PersonKeys.from_file(settings.person_key_file))
        if "sources" not in options:
            options["sources"] = load_sources(settings.sources_file)
        return cls(settings.kafka_bootstrap, settings.topic, **options)

    def _require_topic(self) -> None:
        try:
            self._kafka.partitions_for(self._topic)
        except AuthorizationError:
            raise WrongUsage(
                f"Kafka does not let this sender use topic {self._topic}", "ask for the grant Write"
            ) from None
        except KafkaTimeoutError:
            raise WrongUsage(
                f"Kafka at {self._bootstrap} has no topic {self._topic}",
                "create it (touchline up does on the local stack), or set topic in touchline.toml",
            ) from None

    def _send(self, record: PreparedRecord, on_delivery: OnDelivery | None) -> None:
        try:
            future = self._kafka.send(self._topic, key=record.key, value=record.value, headers=record.headers)
        except MessageSizeTooLargeError:
            raise EventRejected(Rejection(Reason.TOO_LARGE, ""), f"{len(record.value):,} bytes") from None
        except KafkaError as error:
            raise _unreachable(self._bootstrap, error) from None
        if on_delivery is None:
            future.add_callback(self._deliveries.acknowledge)
            future.add_errback(self._deliveries.fail)
        else:
            finish = self._deliveries.finish
            future.add_callback(lambda _: finish(record.event_id, None, on_delivery))
            future.add_errback(lambda error: finish(record.event_id, error, on_delivery))

    def _settle(self, timeout_seconds: float | None) -> None:
        # kafka-python 3.0.12 may wait for ever for a new producer id while no broker answers, its delivery time-out
        # included.
        timeout_seconds = self._patience_seconds if timeout_seconds is None else timeout_seconds
        try:
            self._kafka.flush(timeout_seconds)
        except KafkaTimeoutError as error:
            raise _unreachable(self._bootstrap, error) from None
        # The flush ends with the batches; their callbacks may still be running in the producer's thread.
        if not self._deliveries.wait_until_settled(timeout_seconds):
            raise _unreachable(self._bootstrap, None)

    def _disconnect(self) -> None:
        try:
            self._kafka.close(timeout=CLOSE_SECONDS)
        except KafkaTimeoutError:
            # kafka-python flushes first and, when that fails, leaves its thread and sockets open. Given up events fail.
            sender = self._kafka._sender
            sender.force_close()
            sender.join(CLOSE_SECONDS)


def _connect(bootstrap: str, connect_s: float, delivery_s: float, options: Mapping[str, Any]) -> Any:
    chosen: dict[str, Any] = {
        "bootstrap_servers": bootstrap.split(","),
        "client_id": "touchline-producer",
        "enable_idempotence": True,
        "linger_ms": LINGER_MS,
        "batch_size": BATCH_BYTES,
        "partitioner": CachingPartitioner(),
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
        "bootstrap_timeout_ms": int(connect_s * 1000),
        "max_block_ms": int(connect_s * 1000),
        "delivery_timeout_ms": int(delivery_s * 1000),
        "request_timeout_ms": min(30_000, int(delivery_s * 500)),
    }
    clients: list[KafkaNetClient] = []

    def make_client(**configs: Any) -> KafkaNetClient:
        clients.append(KafkaNetClient(**configs))
        return clients[-1]

    try:
        return KafkaProducer(**{**chosen, "kafka_client": make_client, **options})
    except BaseException as error:
        for client in clients:  # a producer that could not be made leaves its sockets open
            client.close()
        if isinstance(error, KafkaTimeoutError):
            raise _unreachable(bootstrap, error) from None
        if isinstance(error, ValueError | AssertionError | KafkaConfigurationError):
            raise WrongUsage(f"kafka-python refuses an option: {error}", "mend kafka_options") from None
        raise


def _unreachable(bootstrap: str, error: Exception | None) -> EngineUnreachable:
    why = f" ({type(error).__name__})" if error is not None else ""
    return EngineUnreachable(
        f"Kafka does not answer at {bootstrap}{why}", "start it (touchline up) or set kafka_bootstrap in touchline.toml"
    )
