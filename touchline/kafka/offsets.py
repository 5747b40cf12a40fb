"""Kafka's own word on a topic: its incarnation, and the first and next offset of each partition."""

from __future__ import annotations

import logging
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from touchline.errors import EngineUnreachable
from touchline.kafka.topic import ANSWER_TIMEOUT_MS, describe_topic
from touchline.settings import Settings


class TopicOffsets(NamedTuple):
    """`beginning` and `end` by partition: the lowest offset that is still there, and the one that the next record will get."""

    topic: str
    incarnation: str
    beginning: dict[int, int]
    end: dict[int, int]


def read_offsets(settings: Settings) -> TopicOffsets:
    """Ask Kafka. Raises EngineUnreachable, and WrongUsage when there is no such topic."""
    described = describe_topic(settings.kafka_bootstrap, settings.topic)
    partitions = [TopicPartition(settings.topic, number) for number in range(described.partition_count)]
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    consumer = None
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap.split(","),
            request_timeout_ms=ANSWER_TIMEOUT_MS,
            client_id="touchline-reconcile",
            group_id=None,
        )
        beginning, end = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    except (KafkaError, OSError) as error:
        raise EngineUnreachable(
            f"Kafka at {settings.kafka_bootstrap} does not answer ({type(error).__name__})",
            "start it (`touchline up`) or set kafka_bootstrap",
        ) from None
    finally:
        if consumer is not None:
            consumer.close()
    return TopicOffsets(
        settings.topic,
        described.incarnation,
        {one.partition: offset for one, offset in beginning.items()},
        {one.partition: offset for one, offset in end.items()},
    )
