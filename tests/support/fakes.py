"""Stores that behave in one certain way, named after it. `NotingStore` writes what it is given to a file, a line a
batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from touchline.errors import WrongUsage
from touchline.processors.values.protocol import Acknowledge, Assigned, ReadAgain, StoreResult
from touchline.processors.values.records import ReceivedBatch
from touchline.processors.worker.handover import TopicChanged


class NotingStore:
    """Takes everything. Skips what it has and asks for what it misses, as the real store does by its mark."""

    def __init__(self, notes: Path, should_stop: Callable[[], bool] = lambda: False) -> None:
        self._notes = notes
        self.should_stop = should_stop
        self.next_offsets: dict[int, int] = {}
        self.generation = -1
        self.is_closed = False
        for line in notes.read_text().splitlines() if notes.exists() else ():
            kind, partition, _, last, *_ = line.split()
            if kind == "stored":
                self.next_offsets[int(partition)] = int(last) + 1

    def store_together(self, batches: Sequence[ReceivedBatch]) -> Mapping[int, Acknowledge]:
        return {}

    def store(self, batch: ReceivedBatch) -> StoreResult:
        expected = self.next_offsets.get(batch.partition, 0)
        if batch.start_offset > expected:
            self.note(f"asked {batch.partition} {batch.start_offset} {expected}")
            return Acknowledge(expected)
        records = [record for record in batch.records if record.offset >= expected]
        if records:
            first, last = records[0].offset, records[-1].offset
            self.note(f"stored {batch.partition} {first} {last} {len(records)} {batch.generation}")
            self.next_offsets[batch.partition] = last + 1
        return Acknowledge(self.next_offsets[batch.partition])

    def tick(self, assigned: Assigned) -> StoreResult:
        return Acknowledge(self.next_offsets.get(assigned.partition, 0))

    def read_marks(self, topic: str, incarnation: str, partitions: Collection[int]) -> Mapping[int, int]:
        return {number: self.next_offsets.get(number, 0) for number in partitions}

    def on_assigned(self, partitions: Collection[int], generation: int) -> None:
        self.generation = generation
        self.note(f"assigned {','.join(map(str, sorted(partitions))) or '-'} {generation} 0")

    def on_revoked(self, partitions: Collection[int]) -> None:
        self.note(f"revoked {','.join(map(str, sorted(partitions))) or '-'} 0 0")

    def close(self) -> None:
        self.is_closed = True
        self.note("closed 0 0 0")

    def note(self, line: str) -> None:
        with self._notes.open("a") as file:
            file.write(line + "\n")


class BlockingStore(NotingStore):
    """Holds its first batch until the file `<notes>.go` appears or the worker is asked to stop, as when ClickHouse is
    away."""

    def store(self, batch: ReceivedBatch) -> StoreResult:
        go = self._notes.with_suffix(".go")
        self.note(f"holding {batch.partition} {batch.records[0].offset} {batch.generation}")
        while not go.exists():
            if self.should_stop():
                return ReadAgain("asked to stop")
            time.sleep(0.02)
        return super().store(batch)


class DeafStore(NotingStore):
    """Never comes back from its first batch, whatever it is told: an engine that hangs in mid insert, an endless restore."""

    def store(self, batch: ReceivedBatch) -> StoreResult:
        self.note(f"holding {batch.partition} {batch.records[0].offset} {batch.generation}")
        while True:
            time.sleep(60)


class BusyStore(NotingStore):
    """The same, and keeps the processor busy: a slow path over very many events."""

    def store(self, batch: ReceivedBatch) -> StoreResult:
        self.note(f"holding {batch.partition} {batch.records[0].offset} {batch.generation}")
        while True:
            sorted(range(1_000), reverse=True)


class RefusingStore(NotingStore):
    """Refuses the first two batches, as a fenced writer does."""

    refusals = 0

    def store(self, batch: ReceivedBatch) -> StoreResult:
        if self.refusals < 2:
            self.refusals += 1
            self.note(f"refused {batch.partition} {batch.records[0].offset} {batch.records[-1].offset}")
            return ReadAgain("fenced")
        return super().store(batch)


class BuggyStore(NotingStore):
    """Raises what no store may raise, with a value that no log may show."""

    def store(self, batch: ReceivedBatch) -> StoreResult:
        raise KeyError("jane@example.org")


class OnceChangedTopicStore(NotingStore):
    """Finds at its second batch that the topic is another one, which ends the membership but not the worker."""

    batches = 0

    def store(self, batch: ReceivedBatch) -> StoreResult:
        self.batches += 1
        if self.batches == 2:
            raise TopicChanged("as if created anew")
        return super().store(batch)


class OldSchemaStore(NotingStore):
    """Cannot be built: the schema is not the worker's."""

    def __init__(self, notes: Path, should_stop: Callable[[], bool] = lambda: False) -> None:
        raise WrongUsage("ClickHouse holds schema 1, this worker needs 2", "touchline migrate")


class SlowStore(NotingStore):
    """Needs 0.2 s a batch, in the thread of the store only."""

    def store(self, batch: ReceivedBatch) -> StoreResult:
        assert threading.current_thread().name.startswith("store")
        time.sleep(0.2)
        return super().store(batch)
