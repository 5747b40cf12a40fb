"""kafka-python's idempotent producer, tuned for many small events; its errors in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import (
    AuthorizationError,
    KafkaConfigurationError,
    KafkaError,
    KafkaTimeoutError,
)
from kafka.net.compat import KafkaNetClient

from touchline.errors import EngineUnreachable, WrongUsage
from touchline.kafka.partitioning import CachingPartitioner

LINGER_MS = 10
BATCH_BYTES = 256 * 1024
CLOSE_SECONDS = 5.0

ONE_BY_ONE: Final = {
    # Each record is a batch, of which one is on its way; without idempotence a refused one does not end the producer.
    "enable_idempotence": False,
    "acks": "all",
    "max_in_flight_requests_per_connection": 1,
    "batch_size": 0,
    "linger_ms": 0,
}

_left_by_forks: Final[list[Any]] = []
"""A forked child keeps its parent's producer here untouched: closing it would unregister the parent's sockets, too."""


def connect(bootstrap: str, connect_s: float, delivery_s: float, options: Mapping[str, Any]) -> Any:
    """A connected KafkaProducer; `options` are kafka-python's own and win.

    Raises:
        EngineUnreachable: no broker answers within `connect_s`.
        WrongUsage: kafka-python refuses an option.
    """
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
    unknown = sorted({*options} - {*KafkaProducer.DEFAULT_CONFIG} - {*KafkaProducer.DEPRECATED_CONFIGS})
    if unknown:  # kafka-python would repeat their values, and a misspelt name may be a password's
        raise WrongUsage(f"kafka-python has no option {', '.join(unknown)}", "fix kafka_options")
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
            raise unreachable(bootstrap, error) from None
        if isinstance(error, ValueError | AssertionError | KafkaConfigurationError):
            raise WrongUsage(f"kafka-python refuses an option: {error}", "fix kafka_options") from None
        raise


def connect_for(
    topic: str, bootstrap: str, connect_s: float, delivery_s: float, options: Mapping[str, Any]
) -> tuple[Any, set[int]]:
    """The same for the records of one topic; with the topic's partitions. Raises also WrongUsage where the topic does not exist or is
    not granted; then nothing is left open."""
    kafka = connect(bootstrap, connect_s, delivery_s, options)
    try:
        return kafka, _partitions_of(kafka, bootstrap, topic)
    except BaseException:
        disconnect(kafka)
        raise


def disconnect(kafka: Any) -> None:
    """Flush for CLOSE_SECONDS and let go of everything; what is not acknowledged then fails."""
    try:
        kafka.close(timeout=CLOSE_SECONDS)
    except KafkaTimeoutError:
        # kafka-python flushes first and, when that fails, leaves its thread and sockets open.
        sender = kafka._sender
        sender.force_close()
        sender.join(CLOSE_SECONDS)


def flush(kafka: Any, timeout_seconds: float) -> None:
    """As far as it goes: kafka-python's own ends early where it splits a batch (findings/kafka-python-flush-after-split.sh)."""
    try:
        kafka.flush(timeout_seconds)
    except KafkaError:
        pass


def abandon(kafka: Any) -> None:
    """Give up what is on its way (its callbacks hear of it) and let go of everything."""
    sender = kafka._sender
    sender.force_close()
    sender.join(CLOSE_SECONDS)
    try:
        kafka.close(timeout=0)
    except KafkaTimeoutError:
        pass


def leave_to_parent(kafka: Any) -> None:
    """In a forked child: nothing of the parent's producer may be closed or sent here."""
    kafka._unregister_cleanup()
    kafka._closed = True
    _left_by_forks.append(kafka)


def _partitions_of(kafka: Any, bootstrap: str, topic: str) -> set[int]:
    try:
        partitions: set[int] = kafka.partitions_for(topic)
    except AuthorizationError:
        raise WrongUsage(f"Kafka does not let this sender use topic {topic}", "ask for the grant Write") from None
    except KafkaTimeoutError:
        raise WrongUsage(
            f"Kafka at {bootstrap} has no topic {topic}",
            "create it (touchline up does on the local stack), or set topic in touchline.toml",
        ) from None
    return partitions


def unreachable(bootstrap: str, error: BaseException | None) -> EngineUnreachable:
    """Kafka does not answer."""
    why = f" ({type(error).__name__})" if error is not None else ""
    return EngineUnreachable(
        f"Kafka does not answer at {bootstrap}{why}", "start it (touchline up) or set kafka_bootstrap in touchline.toml"
    )
