"""What is on its way to Kafka: batches by partition, in order, and the position up to which all is acknowledged.

Blocks are read in loads; a load's records go out as one batch or more for each partition. A load is over when all its
batches are; positions advance load by load, in order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from touchline.producers.outbox import wire
from touchline.producers.outbox.wire import Records

BATCH_BYTES: Final = 512 << 10
"""A batch is closed when it has reached this; with one more record it stays below a broker's usual limit of 1 MiB."""
_SMALLEST_BATCH_BYTES: Final = 4 << 10


@dataclass(slots=True, eq=False)
class Load:
    """Blocks that were read together."""

    end: int
    size: int
    batches_left: int = 0


@dataclass(slots=True, eq=False)
class Batch:
    """Records of one partition, in order."""

    load: Load
    partition: int
    bodies: list[bytes]
    positions: list[int]
    """Where the block of each record begins."""
    is_over: bool = False

    def halves(self) -> tuple[Batch, Batch]:
        """Two batches of the same load, which counts one more then."""
        middle = len(self.bodies) // 2
        self.load.batches_left += 1
        return (
            Batch(self.load, self.partition, self.bodies[:middle], self.positions[:middle]),
            Batch(self.load, self.partition, self.bodies[middle:], self.positions[middle:]),
        )


class Window:
    """Not thread-safe: the draining thread's own.

    Of each partition one batch is sent at a time. Were the next one on its way too, a broker that refuses the first
    could take the second, and a person's events would change their order.
    """

    def __init__(self, acknowledged: int) -> None:
        self.acknowledged = acknowledged
        """Everything before this position is over."""
        self.size = 0
        """Bytes of the loads that are not over."""
        self._loads: deque[Load] = deque()
        self._waiting: defaultdict[int, deque[Batch]] = defaultdict(deque)
        self._sent: dict[int, Batch] = {}
        self._batch_bytes = BATCH_BYTES

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on its way."""
        return not self._loads

    @property
    def has_sent(self) -> bool:
        """Whether an answer is to come."""
        return bool(self._sent)

    def add(self, found: Records) -> None:
        """One load; what was read before ended where it begins."""
        load = Load(found.end, found.end - found.start)
        self._loads.append(load)
        self.size += load.size
        for partition, (bodies, positions) in found.shares.items():
            for begin, end in _cuts(bodies, self._batch_bytes):
                load.batches_left += 1
                self._waiting[partition].append(Batch(load, partition, bodies[begin:end], positions[begin:end]))

    def to_send(self) -> list[Batch]:
        """Batches whose turn it is; they count as sent."""
        begun = []
        for partition, waiting in self._waiting.items():
            if waiting and partition not in self._sent:
                batch = self._sent[partition] = waiting.popleft()
                begun.append(batch)
        return begun

    def over(self, batch: Batch) -> None:
        """The batch is in Kafka or aside; a second answer changes nothing."""
        if self._sent.get(batch.partition) is batch:
            del self._sent[batch.partition]
        if batch.is_over:
            return
        batch.is_over = True
        batch.load.batches_left -= 1
        while self._loads and self._loads[0].batches_left == 0:
            load = self._loads.popleft()
            self.acknowledged = load.end
            self.size -= load.size

    def take_back(self) -> None:
        """What was sent and is not over goes again, first."""
        for partition, batch in self._sent.items():
            self._waiting[partition].appendleft(batch)
        self._sent.clear()

    def split(self, batch: Batch) -> None:
        """Replace a batch that was taken back by its halves, and make smaller ones from now on."""
        self._batch_bytes = max(_SMALLEST_BATCH_BYTES, sum(map(len, batch.bodies)) // 2)
        self._waiting[batch.partition].remove(batch)
        self._waiting[batch.partition].extendleft(reversed(batch.halves()))

    def drop(self, batch: Batch) -> None:
        """A batch that was taken back and will not be sent."""
        self._waiting[batch.partition].remove(batch)
        self.over(batch)


def _cuts(bodies: list[bytes], batch_bytes: int) -> Iterator[tuple[int, int]]:
    begin = size = 0
    for index, body in enumerate(bodies):
        if index > begin and (size + len(body) > batch_bytes or index - begin == wire.MAX_BATCH_RECORDS):
            yield begin, index
            begin, size = index, 0
        size += len(body)
    yield begin, len(bodies)
