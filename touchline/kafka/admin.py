"""What the local stack asks of a running Kafka: is it ready, and is the topic there?"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from touchline.errors import EngineUnreachable, WrongUsage
from touchline.local.kafka import Broker
from touchline.local.ports import LOOPBACK, accepts
from touchline.settings import Settings

ADMIN_TIMEOUT_MS = 10_000
START_KAFKA = "start it (`touchline up`) or set kafka_bootstrap"


@contextmanager
def admin_client(bootstrap: str, timeout_ms: int = ADMIN_TIMEOUT_MS) -> Iterator[Any]:
    """A kafka-python admin client that is closed again and does not flood the log while a broker is away.

    Raises:
        EngineUnreachable: no broker answers.
    """
    # kafka-python would try a closed port for its whole term, and leaks the sockets of connections that were refused.
    servers = [server.strip() for server in bootstrap.split(",") if _is_open(server.strip())]
    if not servers:
        raise EngineUnreachable(f"Kafka at {bootstrap} does not answer (connection refused)", START_KAFKA)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    client = None
    try:
        client = KafkaAdminClient(
            bootstrap_servers=servers, request_timeout_ms=timeout_ms, bootstrap_timeout_ms=timeout_ms
        )
        yield client
    except KafkaError as error:
        if not getattr(error, "retriable", False):
            raise
        raise EngineUnreachable(
            f"Kafka at {bootstrap} does not answer ({type(error).__name__})", START_KAFKA
        ) from error
    finally:
        if client is not None:
            client.close()


def _is_open(server: str) -> bool:
    host, _, port = server.rpartition(":")
    return port.isdigit() and accepts(int(port), host)


def broker_is_ready(broker: Broker) -> bool:
    """The broker takes requests, and the cluster knows it."""
    if not accepts(broker.port):
        return False
    try:
        with admin_client(f"{LOOPBACK}:{broker.port}", timeout_ms=3_000) as admin:
            return broker.node_id in {int(one["broker_id"]) for one in admin.describe_cluster()["brokers"]}
    except (KafkaError, EngineUnreachable):
        return False


def ensure_topic(settings: Settings, replication: int) -> bool:
    """Create the topic unless it is there; returns whether it was created.

    Raises:
        WrongUsage: it is there with another number of partitions.
        EngineUnreachable: Kafka does not answer.
    """
    plan = {
        "num_partitions": settings.partitions,
        "replication_factor": replication,
    }
    with admin_client(settings.kafka_bootstrap) as admin:
        try:
            admin.create_topics({settings.topic: plan}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            found = topic_partitions(admin, settings.topic)
        else:
            return True
    if found != settings.partitions:
        raise WrongUsage(
            f"topic {settings.topic} has {found} partitions, the setting `partitions` says {settings.partitions}",
            f"set partitions to {found}; another number means a new topic and a rebuild",
        )
    return False


def topic_partitions(admin: Any, topic: str) -> int:
    """Number of partitions; 0 when there is no such topic."""
    described = admin.describe_topics([topic])
    return sum(len(one.get("partitions", [])) for one in described if not one.get("error_code"))
