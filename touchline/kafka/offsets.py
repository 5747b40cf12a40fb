"""Kafka's own word on a topic: its incarnation, the first and next offset of each partition, and how far a group is behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from touchline.errors import EngineUnreachable
from touchline.kafka.admin import PROBE_TIMEOUT_MS, admin_client, unreachable
from touchline.kafka.topic import ANSWER_TIMEOUT_MS, find_topic, require_topic
from touchline.settings import Settings

FIRST: Final = OffsetSpec.EARLIEST
NEXT: Final = OffsetSpec.LATEST


class TopicOffsets(NamedTuple):
    """`beginning` and `end` by partition: the lowest offset that is still there, and the one that the next record will get."""

    topic: str
    incarnation: str
    beginning: dict[int, int]
    end: dict[int, int]


def read_offsets(settings: Settings) -> TopicOffsets:
    """Ask Kafka. Raises EngineUnreachable, and WrongUsage when there is no such topic."""
    bootstrap, topic = settings.kafka_bootstrap, settings.topic
    try:
        with admin_client(bootstrap, ANSWER_TIMEOUT_MS) as admin:
            described = require_topic(admin, bootstrap, topic)
            partitions = range(described.partition_count)
            beginning = _offsets(admin, topic, partitions, FIRST)
            end = _offsets(admin, topic, partitions, NEXT)
    except (KafkaError, OSError) as error:
        raise unreachable(bootstrap, type(error).__name__) from None
    return TopicOffsets(topic, described.incarnation, beginning, end)


def lag(settings: Settings) -> int | None:
    """Records between the group's commits and the topic's end; commits follow what is stored.

    None when Kafka does not answer or has no such topic. A partition without a commit counts from its first record.
    """
    topic = settings.topic
    try:
        with admin_client(settings.kafka_bootstrap, PROBE_TIMEOUT_MS) as admin:
            described = find_topic(admin, topic)
            if described is None:
                return None
            partitions = range(described.partition_count)
            end = _offsets(admin, topic, partitions, NEXT)
            beginning = _offsets(admin, topic, partitions, FIRST)
            committed = _committed(admin, settings.consumer_group, topic)
    except (KafkaError, EngineUnreachable):
        return None
    return sum(max(0, end[one] - max(committed.get(one, 0), beginning[one])) for one in partitions)


def _offsets(admin: Any, topic: str, partitions: Iterable[int], spec: OffsetSpec) -> dict[int, int]:
    asked = dict.fromkeys((TopicPartition(topic, number) for number in partitions), spec)
    return {one.partition: int(found.offset) for one, found in admin.list_partition_offsets(asked).items()}


def _committed(admin: Any, group: str, topic: str) -> dict[int, int]:
    try:
        offsets = admin.list_group_offsets(group)[group]
    except KafkaError:
        return {}  # nobody has joined that group yet
    return {one.partition: int(found.offset) for one, found in offsets.items() if one.topic == topic}
