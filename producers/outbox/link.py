"""Hands whole record batches to kafka-python: its connection, its retries, its idempotence, without its cost per
record.

kafka-python has no public way to send a batch that is ready. So the batch is made with its own builder, whose buffer is
filled at once, and put where `KafkaProducer.send` would have put it. Each private name that is used here has a test
(tests/integration/test_outbox_link.py), and the version is pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from kafka.producer.producer_batch import ProducerBatch
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.structs import TopicPartition

from touchline.errors import WrongUsage
from touchline.producers.outbox import forks
from touchline.producers.outbox.wire import batch_content
from touchline.producers.sender_clock import SenderClock
from touchline.producers.session import abandon, connect_for, leave_to_parent

_FORMAT_2: Final = (0, 11)
"""Kafka's release from which on it knows records with headers."""

OnAnswer = Callable[[BaseException | None], None]
"""Called once, in kafka-python's thread: None when the batch is acknowledged, else why not."""


class _WholeBatch(ProducerBatch):  # type: ignore[misc]  # kafka-python is not typed
    @property
    def record_count(self) -> int:
        """One, because kafka-python would split a batch that is too large, and lose its future on the way: the outbox splits."""
        return 1


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
        if self._kafka.config["api_version"] < _FORMAT_2:
            self.close()
            raise WrongUsage("this Kafka is older than 0.11", "bring it up to date: records need headers")
        forks.watch(self)

    def send(self, batches: Iterable[tuple[int, Sequence[bytes], OnAnswer]]) -> None:
        """Send partition's records, each as one batch of at most MAX_BATCH_RECORDS."""
        accumulator = self._kafka._accumulator
        for partition, bodies, on_answer in batches:
            batch = _WholeBatch(TopicPartition(self._topic, partition), self._filled(bodies))
            batch.produce_future.add_callback(_answering(on_answer))
            accumulator._incomplete.add(batch)
            with accumulator._tp_lock(batch.topic_partition):
                accumulator._batches[batch.topic_partition].append(batch)
        self._kafka._sender.wakeup()

    def _filled(self, bodies: Sequence[bytes]) -> MemoryRecordsBuilder:
        # A batch size of 0 makes it full, so it is sent at once.
        records = MemoryRecordsBuilder(2, self._kafka.config["compression_attrs"], 0)
        builder = records._builder
        builder._buffer += batch_content(bodies)
        builder._num_records = len(bodies)
        builder._last_offset = len(bodies) - 1
        builder._first_timestamp = builder._max_timestamp = self._clock.stamp_ms()
        records._next_offset = len(bodies)
        return records

    def close(self) -> None:
        """Give up what is on its way (`on_answer` hears of it) and disconnect."""
        abandon(self._kafka)

    def forget_parent(self) -> None:
        """In a forked child: the producer stays the parent's."""
        leave_to_parent(self._kafka)


def _answering(on_answer: OnAnswer) -> Callable[[tuple[int, int, Callable[[int], BaseException] | None]], None]:
    def answer(outcome: tuple[int, int, Callable[[int], BaseException] | None]) -> None:
        exceptions = outcome[2]
        on_answer(exceptions(0) if exceptions is not None else None)

    return answer


def is_refused_for_good(error: BaseException) -> bool:
    """Whether Kafka will never take the record, however often it is sent."""
    return type(error).__name__ in _REFUSED


_REFUSED: Final = frozenset(
    ("MessageSizeTooLargeError", "RecordListTooLargeError", "InvalidRecordError", "InvalidTimestampError")
)
