"""What Kafka knows of the topic: whether it is there, its incarnation, its number of partitions."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from kafka.errors import KafkaError, TopicAlreadyExistsError

from touchline.errors import EngineUnreachable, WrongUsage
from touchline.kafka.admin import admin_client, unreachable
from touchline.settings import Settings

ANSWER_TIMEOUT_MS: Final = 4_000


class TopicDescription(NamedTuple):
    """`incarnation` is Kafka's topic id (UUID): a topic deleted and created again is another one, with offsets from
    0."""

    incarnation: str
    partition_count: int


def find_topic(admin: Any, topic: str) -> TopicDescription | None:
    """The topic on an admin's connection; None when there is no such topic."""
    (found,) = admin.describe_topics([topic])
    if not found["topic_id"]:
        return None
    return TopicDescription(str(found["topic_id"]), len(found["partitions"]))


def describe_topic(bootstrap: str, topic: str) -> TopicDescription:
    """Ask Kafka for the topic, on a connection of its own (aiokafka 0.14 does not know topic ids; kafka-python's
    admin does).

    Raises EngineUnreachable when Kafka does not answer within 4 s, WrongUsage when it has no such topic.
    """
    try:
        with admin_client(bootstrap, ANSWER_TIMEOUT_MS) as admin:
            return require_topic(admin, bootstrap, topic)
    except (KafkaError, OSError) as error:
        raise unreachable(bootstrap, type(error).__name__) from None


def count_partitions(settings: Settings) -> int | None:
    """How many partitions the configured topic has now; None where Kafka does not answer within 4 s, or has no such topic."""
    try:
        return describe_topic(settings.kafka_bootstrap, settings.topic).partition_count
    except (EngineUnreachable, WrongUsage):
        return None


def require_topic(admin: Any, bootstrap: str, topic: str) -> TopicDescription:
    """The topic on an admin's connection. Raises WrongUsage when there is no such topic."""
    found = find_topic(admin, topic)
    if found is None:
        raise WrongUsage(
            f"Kafka at {bootstrap} has no topic `{topic}`",
            "create it (`touchline up` does for the local stack), or set topic to the right name",
        )
    return found


def ensure_topic(settings: Settings, replication: int) -> bool:
    """Create the topic unless it is there; returns whether it was created.

    Raises:
        WrongUsage: it is there with another number of partitions.
        EngineUnreachable: Kafka does not answer.
    """
    plan = {"num_partitions": settings.partitions, "replication_factor": replication}
    with admin_client(settings.kafka_bootstrap) as admin:
        try:
            admin.create_topics({settings.topic: plan}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            found = require_topic(admin, settings.kafka_bootstrap, settings.topic).partition_count
        else:
            return True
    if found != settings.partitions:
        raise WrongUsage(
            f"topic {settings.topic} has {found} partitions, the setting `partitions` says {settings.partitions}",
            f"set partitions to {found}; another number means a new topic and a rebuild",
        )
    return False
