"""What the worker and the store say to each other: a batch in, one of two answers out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from touchline.processors.values.records import ReceivedBatch


class Assigned(NamedTuple):
    """A partition as the group gave it to this worker: under this generation."""

    topic: str
    partition: int
    generation: int


class Acknowledge(NamedTuple):
    """Everything before `next_offset` is durable: Kafka may be told, and reading goes on there, even where that is a
    step back."""

    next_offset: int


class ReadAgain(NamedTuple):
    """Nothing of the batch counts as stored. The reason is a sentence for the log; if the generation still holds, the
    batch is read again."""

    reason: str


StoreResult = Acknowledge | ReadAgain


class Store(Protocol):
    """Keeps batches. `store`, `store_together`, `tick` and `read_marks` are called by one thread; `store` and `tick` wait there while
    ClickHouse is away; they must return soon after the worker was asked to stop. An exception out of any method is a bug, and ends the
    worker with nothing acknowledged. The other methods are called by the main thread and may not block."""

    def store(self, batch: ReceivedBatch) -> StoreResult: ...

    def store_together(self, batches: Sequence[ReceivedBatch]) -> Mapping[int, Acknowledge]:
        """By partition the answer to those of the batches that could be stored in one insert; the others are to be stored one by one.
        No two are of one partition."""

    def tick(self, assigned: Assigned) -> StoreResult:
        """Do what has come up without records of this partition."""

    def read_marks(self, topic: str, incarnation: str, partitions: Collection[int]) -> Mapping[int, int]:
        """By partition the offset from which it must be read on; nothing where that cannot be said just now."""

    def on_assigned(self, partitions: Collection[int], generation: int) -> None: ...

    def on_revoked(self, partitions: Collection[int]) -> None: ...

    def close(self) -> None: ...
