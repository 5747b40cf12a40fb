"""Kafka's own word on a topic: its incarnation, the first and next offset of each partition, and how far a group is behind."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from touchline.errors import EngineUnreachable
from touchline.kafka.admin import PROBE_TIMEOUT_MS, admin_client, unreachable
from touchline.kafka.topic import ANSWER_TIMEOUT_MS, find_topic, require_topic
from touchline.settings import Settings

FIRST: Final = OffsetSpec.EARLIEST
NEXT: Final = OffsetSpec.LATEST
_TAIL_SECONDS: Final = 2.0
_TAIL_POLL_MS: Final = 100
"""A broker answers a fetch at once where anything stands behind the offset, and marks do."""


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


def without_marks(settings: Settings, found: TopicOffsets, following: Mapping[int, int]) -> TopicOffsets:
    """The same with ends that count no marks of transactions, nor what was aborted, behind the last record that a reader is given:
    nothing is stored of these. `following` is by partition the offset that is stored next. Raises EngineUnreachable."""
    behind = {one: at for one, at in following.items() if found.beginning.get(one, 0) <= at < found.end.get(one, 0)}
    if not behind:
        return found
    try:
        read = _without_records(settings.kafka_bootstrap, found, behind)
    except (KafkaError, OSError) as error:
        raise unreachable(settings.kafka_bootstrap, type(error).__name__) from None
    return found._replace(end=found.end | {one: behind[one] for one in read})


def _without_records(bootstrap: str, found: TopicOffsets, behind: Mapping[int, int]) -> list[int]:
    """The partitions in which nothing but marks stands from the given offset to the end."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False, isolation_level="read_committed"
    )
    try:
        partitions = {TopicPartition(found.topic, one): at for one, at in behind.items()}
        consumer.assign(list(partitions))
        for partition, at in partitions.items():
            consumer.seek(partition, at)
        waiting, deadline = set(partitions), time.monotonic() + _TAIL_SECONDS
        ended: list[int] = []
        while waiting and time.monotonic() < deadline:
            waiting -= consumer.poll(timeout_ms=_TAIL_POLL_MS, max_records=1).keys()
            for partition in list(waiting):
                if consumer.position(partition) >= found.end[partition.partition]:
                    ended.append(partition.partition)
                    waiting.discard(partition)
        return ended
    finally:
        consumer.close()


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
        found = TopicOffsets(topic, described.incarnation, beginning, end)
        following = {one: max(committed.get(one, 0), beginning[one]) for one in partitions}
        end = without_marks(settings, found, following).end
    except (KafkaError, EngineUnreachable):
        return None
    return sum(max(0, end[one] - following[one]) for one in partitions)


def _offsets(admin: Any, topic: str, partitions: Iterable[int], spec: OffsetSpec) -> dict[int, int]:
    asked = dict.fromkeys((TopicPartition(topic, number) for number in partitions), spec)
    return {one.partition: int(found.offset) for one, found in admin.list_partition_offsets(asked).items()}


def _committed(admin: Any, group: str, topic: str) -> dict[int, int]:
    try:
        offsets = admin.list_group_offsets(group)[group]
    except KafkaError:
        return {}  # nobody has joined that group yet
    return {one.partition: int(found.offset) for one, found in offsets.items() if one.topic == topic}
