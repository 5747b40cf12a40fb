"""What Kafka knows of the topic: whether it is there, its incarnation, its number of partitions."""

from __future__ import annotations

import logging
from typing import NamedTuple

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from touchline.errors import EngineUnreachable, WrongUsage

ANSWER_TIMEOUT_MS = 4_000


class TopicDescription(NamedTuple):
    """`incarnation` is Kafka's topic id (UUID): a topic deleted and created again is another one, with offsets from
    0."""

    incarnation: str
    partition_count: int


def describe_topic(bootstrap: str, topic: str) -> TopicDescription:
    """Ask Kafka for the topic, on a connection of its own (aiokafka 0.14 does not know topic ids; kafka-python's
    admin does).

    Raises EngineUnreachable when Kafka does not answer within 4 s, WrongUsage when it has no such topic.
    """
    logging.getLogger("kafka").setLevel(
        logging.CRITICAL
    )  # it repeats every failed attempt to connect; the error below says it once
    try:
        with KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=ANSWER_TIMEOUT_MS,
            request_timeout_ms=ANSWER_TIMEOUT_MS,
            client_id="touchline-topic",
        ) as admin:
            (found,) = admin.describe_topics([topic])
    except (KafkaError, OSError) as error:
        raise EngineUnreachable(
            f"Kafka at {bootstrap} does not answer ({type(error).__name__})",
            "start it (`touchline up`) or set kafka_bootstrap to where it listens",
        ) from None
    if not found["topic_id"]:
        raise WrongUsage(
            f"Kafka at {bootstrap} has no topic `{topic}`",
            "create it (`touchline up` does for the local stack), or set topic to the right name",
        )
    return TopicDescription(str(found["topic_id"]), len(found["partitions"]))
