"""Hands whole record batches to kafka-python: its connection, its retries, its idempotence, without its cost per
record.

kafka-python has no public way to send a batch that is ready. So the batch is made with its own builder, whose buffer is
filled at once, and put where `KafkaProducer.send` would have put it. Each private name that is used here has a test
(tests/integration/test_outbox_link.py), and the version is pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from kafka.errors import IllegalStateError
from kafka.producer.producer_batch import ProducerBatch
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.structs import TopicPartition

from touchline.producers.outbox.wire import batch_content

_FORMAT_2: Final = (0, 11)
"""Kafka's release from which on it knows records with headers."""

OnAnswer = Callable[[BaseException | None], None]
"""Called once, in kafka-python's thread: None when the batch is acknowledged, else why not."""
Batch = tuple[int, Sequence[bytes], OnAnswer]
"""Partition, records, and what is called with the outcome."""


class _WholeBatch(ProducerBatch):  # type: ignore[misc]  # kafka-python is not typed
    @property
    def record_count(self) -> int:
        """One, because kafka-python would split a batch that is too large, and lose its future on the way: the sender splits."""
        return 1


def takes_batches(kafka: Any) -> bool:
    """Whether Kafka is new enough for whole batches."""
    return bool(kafka.config["api_version"] >= _FORMAT_2)


def put_batches(kafka: Any, topic: str, batches: Iterable[Batch], stamp_ms: int) -> None:
    """Start batches of at most MAX_BATCH_RECORDS, in order within a partition, also with what `send` was given. Raises KafkaError of a
    producer that is closed."""
    accumulator = kafka._accumulator
    accumulator._appends_in_progress.increment()  # who gives up what is on its way waits for these
    try:
        if accumulator._closed:
            raise IllegalStateError("KafkaProducer already closed!")
        for partition, bodies, on_answer in batches:
            batch = _WholeBatch(TopicPartition(topic, partition), _filled(kafka, bodies, stamp_ms))
            batch.produce_future.add_callback(_answering(on_answer))
            accumulator._incomplete.add(batch)
            with accumulator._tp_lock(batch.topic_partition):
                accumulator._batches[batch.topic_partition].append(batch)
    finally:
        accumulator._appends_in_progress.decrement()
    kafka._sender.wakeup()


def _filled(kafka: Any, bodies: Sequence[bytes], stamp_ms: int) -> MemoryRecordsBuilder:
    # A batch size of 0 makes it full, so it is sent at once.
    records = MemoryRecordsBuilder(2, kafka.config["compression_attrs"], 0)
    builder = records._builder
    builder._buffer += batch_content(bodies)
    builder._num_records = len(bodies)
    builder._last_offset = len(bodies) - 1
    builder._first_timestamp = builder._max_timestamp = stamp_ms
    records._next_offset = len(bodies)
    return records


def _answering(on_answer: OnAnswer) -> Callable[[tuple[int, int, Callable[[int], BaseException] | None]], None]:
    def answer(outcome: tuple[int, int, Callable[[int], BaseException] | None]) -> None:
        exceptions = outcome[2]
        on_answer(exceptions(0) if exceptions is not None else None)

    return answer
