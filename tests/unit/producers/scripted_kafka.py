"""A Kafka made of lists, and producers that fail as kafka-python's do: what one refused record does to all others, in the worst order.

A batch is stored or refused whole. A refusal ends an idempotent producer: everything that it has on its way fails with one error, also what
was stored; a plain one goes on with the next batch. A batch that is too large is split in halves first. A batch whose time is over
fails, and an idempotent producer sends nothing from then on, nor does anything of it fail.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kafka.errors import IllegalStateError, InvalidRecordError, KafkaError, KafkaTimeoutError, MessageSizeTooLargeError
from kafka.future import Future

from touchline.errors import TouchlineError
from touchline.kafka.partitioning import partition_of
from touchline.producers.batches import Batch
from touchline.producers.outbox.wire import record_of

PARTITIONS = 3
Refuses = Callable[[str, int], KafkaError | None]
"""Of an event's id and its time stamp."""


class ScriptedKafka:
    """`open` makes producers; `logs` are the ids that were stored, by partition."""

    def __init__(self, refuses: Refuses = lambda event_id, stamp_ms: None, batch_records: int = 4) -> None:
        self.refuses = refuses
        self.batch_records = batch_records
        self.logs: defaultdict[int, list[str]] = defaultdict(list)
        self.stamps: dict[str, int] = {}
        self.opened: list[ScriptedProducer] = []
        self.open_fails: list[TouchlineError] = []
        """Raised by the next attempts, in turn."""

    def open(self, changes: Mapping[str, Any]) -> tuple[ScriptedProducer, set[int]]:
        if self.open_fails:
            raise self.open_fails.pop(0)
        producer = ScriptedProducer(self, is_idempotent=changes.get("enable_idempotence", True))
        self.opened.append(producer)
        return producer, set(range(PARTITIONS))


class _Sent:
    def __init__(self, event_id: str, stamp_ms: int, whole: object = None) -> None:
        self.event_id = event_id
        self.stamp_ms = stamp_ms
        self.whole = whole
        """The ready batch that it is part of, which is sent as it is."""
        self.future = Future()


class ScriptedProducer:
    """Sends when a batch is full or when it is flushed, in the caller's thread."""

    def __init__(self, kafka: ScriptedKafka, *, is_idempotent: bool) -> None:
        self._kafka = kafka
        self._is_idempotent = is_idempotent
        self._lock = threading.RLock()
        self._queues: defaultdict[int, list[_Sent]] = defaultdict(list)
        self._fatal: KafkaError | None = None
        self._fatal_partition = -1
        self._is_dead = False
        """Nothing is on its way any more."""
        self._is_stuck = False
        self.is_closed = False
        self._sender = self
        self.config = {"batch_size": 1 << 18, "max_request_size": 1 << 20, "api_version": (2, 0)}

    def send(
        self, topic: str, value: bytes, key: bytes, headers: Any, partition: None, timestamp_ms: int
    ) -> _WaitedFor:
        if self.is_closed:
            raise IllegalStateError("closed")
        sent = _Sent(dict(headers)["ce_id"].decode(), timestamp_ms)
        with self._lock:
            queue = self._queues[partition_of(key, PARTITIONS)]
            queue.append(sent)
            is_full = len(queue) >= 3 * self._kafka.batch_records
        if is_full:
            self.flush()
        return _WaitedFor(sent.future, self.flush)

    def partitions_for(self, topic: str) -> set[int]:
        return set(range(PARTITIONS))

    def put_batches(self, topic: str, batches: Iterable[Batch], stamp_ms: int) -> None:
        """As touchline.producers.batches has it; a batch's outcome is that of its first record."""
        if self.is_closed:
            raise IllegalStateError("closed")
        is_full = False
        with self._lock:
            for partition, bodies, on_answer in batches:
                whole = object()
                queue = self._queues[partition]
                queue += [_Sent(record_of(body).event_id, stamp_ms, whole) for body in bodies]
                first = queue[-len(bodies)].future
                first._add_cb_eb(lambda _, answer=on_answer: answer(None), on_answer)
                is_full |= len(queue) >= 3 * self._kafka.batch_records
        if is_full:
            self.flush()

    def flush(self, timeout: float | None = None) -> None:
        with self._lock:  # one at a time, as kafka-python's one thread does
            queues, self._queues = self._queues, defaultdict(list)
            for partition, queue in sorted(queues.items()):
                while queue and self._fatal is None and not self._is_stuck:
                    number = self._first_batch(queue)
                    batch, queue[:] = queue[:number], queue[number:]
                    self._store(partition, batch)
            if self._is_stuck:
                self._queues = queues
            elif self._fatal is not None:
                for partition, queue in queues.items():
                    self._abort(partition, queue, self._fatal)
                self._is_dead = True

    def _first_batch(self, queue: list[_Sent]) -> int:
        whole = queue[0].whole
        alike = next((at for at, sent in enumerate(queue) if sent.whole is not whole), len(queue))
        return min(alike, self._kafka.batch_records) if whole is None else alike

    def _store(self, partition: int, batch: list[_Sent]) -> None:
        if self._fatal is not None:
            self._abort(partition, batch, self._fatal)
            return
        refused = {sent.event_id: self._kafka.refuses(sent.event_id, sent.stamp_ms) for sent in batch}
        errors = [error for error in refused.values() if error is not None]
        if not errors:
            self._kafka.logs[partition] += [sent.event_id for sent in batch]
            self._kafka.stamps |= {sent.event_id: sent.stamp_ms for sent in batch}
            for sent in batch:
                sent.future.success(None)
        elif isinstance(errors[0], MessageSizeTooLargeError) and len(batch) > 1 and batch[0].whole is None:
            self._store(partition, batch[: len(batch) // 2])
            self._store(partition, batch[len(batch) // 2 :])
        elif isinstance(errors[0], KafkaTimeoutError):
            self._is_stuck = self._is_idempotent
            for sent in batch:
                sent.future.failure(errors[0])
        else:
            if self._is_idempotent:
                self._fatal, self._fatal_partition = errors[0], partition
            for sent in batch:
                error = refused[sent.event_id] or KafkaError("it was part of a batch with invalid records")
                is_own = len(batch) == 1 or error not in errors
                if isinstance(errors[0], MessageSizeTooLargeError):  # it says so of the batch, not of a record
                    sent.future.failure(errors[0])
                else:
                    sent.future.failure(error if is_own else InvalidRecordError(str(error)))

    def _abort(self, partition: int, queue: list[_Sent], error: KafkaError) -> None:
        """The futures fail in any order. Of another partition than the refused batch's the first batch was on its way, and is stored."""
        may_be_stored = partition != self._fatal_partition and not self._is_dead
        on_its_way = queue[: self._first_batch(queue)] if may_be_stored and queue else []
        if not any(self._kafka.refuses(sent.event_id, sent.stamp_ms) for sent in on_its_way):
            self._kafka.logs[partition] += [sent.event_id for sent in on_its_way]
        for sent in reversed(queue):
            sent.future.failure(error)

    def force_close(self) -> None:
        with self._lock:
            self.is_closed = True
            queues, self._queues = self._queues, defaultdict(list)
        for queue in queues.values():
            for sent in queue:
                sent.future.failure(IllegalStateError("Producer is closed forcefully."))

    def join(self, timeout: float) -> None:
        """It has no thread."""

    def close(self, timeout: float) -> None:
        self.flush()
        self.is_closed = True

    def _unregister_cleanup(self) -> None:
        """It has none."""


class _WaitedFor:
    """A future whose `get` sends what lingers, as kafka-python's thread would."""

    def __init__(self, future: Future, flush: Callable[[], None]) -> None:
        self._future = future
        self._flush = flush
        self._add_cb_eb = future._add_cb_eb

    def get(self, timeout: float) -> object:
        self._flush()
        if self._future.exception is not None:
            raise self._future.exception
        return self._future.value
