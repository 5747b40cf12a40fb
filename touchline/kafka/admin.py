"""An admin's connection to Kafka, and whether a broker is ready for one. One wording of "Kafka does not answer" for all who ask."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kafka.admin import KafkaAdminClient
from kafka.cluster import get_ip_port_afi
from kafka.errors import KafkaError

from touchline.errors import EngineUnreachable
from touchline.log import quiet_kafka_log

ADMIN_TIMEOUT_MS: Final = 10_000
PROBE_TIMEOUT_MS: Final = 3_000
PROBE_SECONDS: Final = 1.0


def unreachable(bootstrap: str, why: str) -> EngineUnreachable:
    """No broker answers there."""
    return EngineUnreachable(
        f"Kafka at {bootstrap} does not answer ({why})", "start it (`touchline up`) or set kafka_bootstrap"
    )


@contextmanager
def admin_client(bootstrap: str, timeout_ms: int = ADMIN_TIMEOUT_MS) -> Iterator[Any]:
    """A kafka-python admin client that is closed again and does not flood the log while a broker is away.

    Raises:
        EngineUnreachable: no broker answers.
    """
    # kafka-python would try a closed port for its whole term, and leaks the sockets of connections that were refused.
    servers = [server.strip() for server in bootstrap.split(",") if _accepts(server)]
    if not servers:
        raise unreachable(bootstrap, "connection refused")
    quiet_kafka_log()
    client = None
    try:
        client = KafkaAdminClient(
            bootstrap_servers=servers,
            request_timeout_ms=timeout_ms,
            bootstrap_timeout_ms=timeout_ms,
            client_id="touchline-admin",
        )
        yield client
    except KafkaError as error:
        if not getattr(error, "retriable", False):
            raise
        raise unreachable(bootstrap, type(error).__name__) from error
    finally:
        if client is not None:
            client.close()


def broker_is_ready(server: str, node_id: int) -> bool:
    """The broker at `host:port` takes requests, and the cluster knows it."""
    if not _accepts(server):
        return False
    try:
        with admin_client(server, PROBE_TIMEOUT_MS) as admin:
            return node_id in {int(one["broker_id"]) for one in admin.describe_cluster()["brokers"]}
    except (KafkaError, EngineUnreachable):
        return False


def _accepts(server: str) -> bool:
    """Something listens there."""
    try:
        host, port, _ = get_ip_port_afi(server)
        socket.create_connection((host, port), timeout=PROBE_SECONDS).close()
    except (OSError, ValueError):  # ValueError: the port is not a number
        return False
    return True
