"""The drainer's connection to Kafka, by which whole batches go (batches.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from touchline.errors import WrongUsage
from touchline.producers.batches import Batch, put_batches, takes_batches
from touchline.producers.outbox import forks
from touchline.producers.sender_clock import SenderClock
from touchline.producers.session import abandon, connect_for, leave_to_parent


class KafkaLink:
    """One idempotent producer; order within a partition is that of `send`."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        connect_timeout_seconds: float,
        delivery_timeout_seconds: float,
        options: Mapping[str, Any],
        clock: SenderClock,
    ) -> None:
        """Connects.

        Raises:
            EngineUnreachable: no broker answers.
            WrongUsage: the topic does not exist or is not granted; an option is wrong; Kafka is older than 0.11.
        """
        bounds = {"linger_ms": 0, "reconnect_backoff_max_ms": 1_000, **options}
        self._kafka, partitions = connect_for(
            topic, bootstrap, connect_timeout_seconds, delivery_timeout_seconds, bounds
        )
        self._topic = topic
        self._clock = clock
        self.partitions = len(partitions)
        if not takes_batches(self._kafka):
            self.close()
            raise WrongUsage("this Kafka is older than 0.11", "bring it up to date: records need headers")
        forks.watch(self)

    def send(self, batches: Iterable[Batch]) -> None:
        """Send partition's records, each as one batch of at most MAX_BATCH_RECORDS."""
        put_batches(self._kafka, self._topic, batches, self._clock.stamp_ms())

    def close(self) -> None:
        """Give up what is on its way (`on_answer` hears of it) and disconnect."""
        abandon(self._kafka)

    def forget_parent(self) -> None:
        """In a forked child: the producer stays the parent's."""
        leave_to_parent(self._kafka)


def is_refused_for_good(error: BaseException) -> bool:
    """Whether Kafka will never take the record, however often it is sent."""
    return type(error).__name__ in _REFUSED


_REFUSED: Final = frozenset(
    ("MessageSizeTooLargeError", "RecordListTooLargeError", "InvalidRecordError", "InvalidTimestampError")
)
