"""How long Kafka keeps records of the topic, as the topic is configured."""

from __future__ import annotations

from typing import Final, NamedTuple

from kafka.admin import ConfigResource
from kafka.errors import KafkaError

from touchline.kafka.admin import admin_client, unreachable
from touchline.kafka.topic import ANSWER_TIMEOUT_MS, require_topic
from touchline.settings.engines import KafkaSettings

_DELETE: Final = "delete"


class TopicRetention(NamedTuple):
    """`retention_ms` is None where records do not go by their age: for ever, or until a later one with the same key compacts them away
    (`is_compacted`). A segment of the log goes as a whole, and takes records for `segment_ms`."""

    retention_ms: int | None
    segment_ms: int
    is_compacted: bool

    @property
    def longest_ms(self) -> int | None:
        """How long after it was written a record may be there: until the last record of its segment is old enough."""
        return None if self.retention_ms is None else self.retention_ms + self.segment_ms


def read_retention(settings: KafkaSettings) -> TopicRetention:
    """Ask Kafka. Raises EngineUnreachable, and WrongUsage when there is no such topic."""
    bootstrap, topic = settings.kafka_bootstrap, settings.topic
    try:
        with admin_client(bootstrap, ANSWER_TIMEOUT_MS) as admin:
            require_topic(admin, bootstrap, topic)
            found = admin.describe_configs([ConfigResource("topic", topic)], config_filter="all")["topic"][topic]
    except (KafkaError, OSError) as error:
        raise unreachable(bootstrap, type(error).__name__) from None
    values = {name: str(one["value"]) for name, one in found.items()}
    return retention_of(values)


def retention_of(values: dict[str, str]) -> TopicRetention:
    """By the topic's configuration, as Kafka names it."""
    policies = values["cleanup.policy"].split(",")
    retention_ms = int(values["retention.ms"]) if _DELETE in policies else -1
    return TopicRetention(
        None if retention_ms < 0 else retention_ms, int(values["segment.ms"]), is_compacted="compact" in policies
    )
