"""Store every record exactly once: ClickHouse owns the progress, Kafka's commit is a hint.

    batch, or a tick ──▶ stale generation? refuse
      │
      ▼
    owner of the stream? ──no──▶ acquire: fence, wait for inserts under way, read the mark, bring the state up to it
      │
      ▼
    the pipeline prepares ONE insert ──▶ it is sent ──▶ state follows ──▶ acknowledge

Batches of several partitions share one insert where nothing stands against it; what does not come off is done one by one.

Whatever goes wrong after the insert was sent is ambiguous: ownership is forgotten, and acquiring again reads from the mark what is
true; of all partitions, since a server that was away may have come back with less than it had acknowledged. Nothing is acknowledged
before it is durable, nothing is inserted blindly.

Why: docs/decisions/0060, 0194.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import lmdb

from touchline.errors import EngineUnreachable, TouchlineError
from touchline.log import frames_of, log_event
from touchline.metrics.declared import WORKER
from touchline.metrics.meter import Meter
from touchline.processors.ledger.ledger import (
    FenceHeld,
    Ledger,
    LedgerUnavailable,
    RecordsRefused,
    Stream,
    WriterFenced,
)
from touchline.processors.ledger.rows import TooManyRows
from touchline.processors.loop.acquire import Acquirer, Place
from touchline.processors.loop.blame import Blame
from touchline.processors.loop.inserts import Inserts
from touchline.processors.loop.metrics import StoreMeter
from touchline.processors.loop.standing import MapSource, StandingMaps
from touchline.processors.loop.ticking import SWEEP_EVERY_TICKS, Ticking
from touchline.processors.pipeline import Pipeline
from touchline.processors.state.disk import reason_of
from touchline.processors.state.partition import Partition
from touchline.processors.state.tails import StateLost
from touchline.processors.values.protocol import Acknowledge, Assigned, ReadAgain, StoreResult
from touchline.processors.values.records import NewRecords, ReceivedBatch

ID_BYTES_MAX = 128 << 20
BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
HEARTBEAT_SECONDS = 1.0
WAITED_FOR = (LedgerUnavailable, EngineUnreachable, StateLost, lmdb.Error, OSError)
"""What passes by itself, or when somebody mends what is told."""
_WAIT_STEP_SECONDS = 0.1


class StoreLoop:
    """Keeps the batches of the partitions that this worker is assigned. One thread calls `store`, `store_together` and `tick`; the
    assignment callbacks may come from another one and only set numbers."""

    def __init__(
        self,
        pipeline: Pipeline,
        ledger: Ledger,
        *,
        state_dir: Path,
        id_bytes_max: int = ID_BYTES_MAX,
        writer: str,
        incarnation_of: Callable[[str], str],
        should_stop: Callable[[], bool],
        sleep: Callable[[float], None] = time.sleep,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        meter: Meter | None = None,
        look: Callable[[], None] = lambda: None,
        maps: MapSource | None = None,
        sweep_every_ticks: int = SWEEP_EVERY_TICKS,
    ) -> None:
        """`look` is called before each batch is taken up: what was configured anew by then holds for all of it. `maps` gives the contents
        of versions that stand; None: those of the pipeline stand for ever."""
        self._pipeline = pipeline
        self._ledger = ledger
        self._state_dir = state_dir
        place = Place(state_dir, id_bytes_max, writer)
        self._acquirer = Acquirer(pipeline, ledger, place, incarnation_of, should_stop)
        self._should_stop = should_stop
        self._sleep = sleep
        self._meter = StoreMeter(meter or Meter(WORKER))
        self._look = look
        self._blame = Blame()
        self._inserts = Inserts(ledger, self._blame, self._meter, now_ms, should_stop)
        self.ticking = Ticking(
            pipeline,
            ledger,
            self._inserts,
            self._meter,
            None if maps is None else StandingMaps(pipeline, ledger, maps),
            state_dir=state_dir,
            id_bytes_max=id_bytes_max,
            now_ms=now_ms,
            sweep_every_ticks=sweep_every_ticks,
        )
        self._generation = -1
        self._owned: dict[int, Partition] = {}
        self._revoked: set[int] = set()

    def on_assigned(self, partitions: Collection[int], generation: int) -> None:
        """The group gave these partitions to this worker; older generations are stale from now on. A lower generation than the last
        one is a group that started anew, while this worker slept."""
        self._generation = generation
        self._revoked -= set(partitions)

    def on_revoked(self, partitions: Collection[int]) -> None:
        """The group took these partitions away. The fence would notice; forgetting saves the attempt."""
        self._revoked |= set(partitions)

    def close(self) -> None:
        """Release state files and the connection."""
        for partition in list(self._owned.keys() | self._acquirer.ids.keys()):
            self._release(partition)
        close = getattr(self._ledger, "close", None)
        if close is not None:
            close()

    def read_marks(self, topic: str, incarnation: str, partitions: Collection[int]) -> Mapping[int, int]:
        """By partition the offset after the ledger's mark. A partition whose mark is not the one written last is given up, so that its
        next batch acquires it. Empty while ClickHouse does not answer."""
        try:
            found = {number: self._ledger.last_offset(Stream(topic, incarnation, number)) for number in partitions}
        except LedgerUnavailable:
            self._forget_all()
            return {}
        for number, last_offset in found.items():
            owned = self._owned.get(number)
            if owned is not None and owned.mark.last_offset != last_offset:
                self._forget(number)
        return {number: last_offset + 1 for number, last_offset in found.items()}

    def store(self, batch: ReceivedBatch) -> StoreResult:
        """Store what the mark does not cover yet; waits while ClickHouse is away. Returns how far everything is durable, or why nothing
        may be stored under this generation."""
        assigned = Assigned(batch.topic, batch.partition, batch.generation)
        return self._until_durable(assigned, lambda partition: self._store_records(partition, batch))

    def store_together(self, batches: Sequence[ReceivedBatch]) -> Mapping[int, Acknowledge]:
        """One insert of those batches that need no more than preparing, and by partition how far these are durable. Whatever goes wrong,
        also by a record's fault, is left to `store`, one by one, from what the ledger says then."""
        self._blame.pause()
        self._look()
        try:
            made = []
            for partition, new in self._ready(batches):
                self._inserts.make_room(partition, len(new.records))
                made.append((partition, self._pipeline.prepare(partition, new)))
            if made:
                self._inserts.send(*made)
            return {partition.number: Acknowledge(partition.mark.last_offset + 1) for partition, _ in made}
        except WriterFenced:
            self._meter.fenced()
            self._forget_all()
            self._wait(2 * HEARTBEAT_SECONDS)  # if another one owns a partition, the group tells us by then
        except WAITED_FOR as error:
            self._forget_all()
            self._tell_waits(error, batches[0].partition, 0)
        except Exception as error:
            self._forget_all()
            self._go_on_alone(error)
        return {}

    def tick(self, assigned: Assigned, *, must_mark: bool = False) -> StoreResult:
        """The same for work without any Kafka record: answers whose occasion came or changed. Nothing is inserted where there are none,
        unless `must_mark` asks for a mark alone."""
        answer = self._until_durable(assigned, lambda partition: self._tick(partition, must_mark))
        self._meter.ticked(is_refused=isinstance(answer, ReadAgain))
        return answer

    def _until_durable(self, assigned: Assigned, store: Callable[[Partition], None]) -> StoreResult:
        attempt = 0
        force = False
        while not self._should_stop():
            self._blame.pause()
            if assigned.generation < self._generation:
                return ReadAgain("stale generation")
            if assigned.partition in self._revoked:
                self._release(assigned.partition)
                return ReadAgain("partition revoked")
            try:
                partition = self._acquire(assigned, force)
                store(partition)
                return Acknowledge(partition.mark.last_offset + 1)
            except FenceHeld:
                # Either a newer member owns the partition, then the group tells us within two heartbeats; or the group's
                # generations started anew, then we are still its member after that.
                self._meter.fenced()
                if not self._still_member(assigned):
                    return ReadAgain("a newer writer owns the partition")
                force = True
            except WriterFenced:
                self._meter.fenced()
                self._forget_all()
                if not self._still_member(assigned):
                    return ReadAgain("fenced by a newer writer")
                force = False
            except WAITED_FOR as error:
                self._forget_all()
                self._tell_waits(error, assigned.partition, attempt)
                self._wait(BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)])
                attempt += 1
            except TouchlineError:
                raise  # configuration that became wrong: no record's fault
            except Exception as error:
                self._forget_all()
                self._seek_guilty(assigned.partition, error)
        return ReadAgain("the worker stops")

    def _tell_waits(self, error: Exception, partition: int, attempt: int) -> None:
        self._meter.waits(error)
        reason = reason_of(error, self._state_dir)
        log_event(logging.WARNING, "store_waits", partition=partition, attempt=attempt, reason=reason)

    def _seek_guilty(self, partition: int, error: Exception) -> None:
        """Go on with fewer records, or without the one that fails alone; a fault that is no record's goes up as the bug it is."""
        if not self._blame.failed(certainly=isinstance(error, TooManyRows | RecordsRefused)):
            raise error
        log_event(logging.ERROR, "insert_fails", partition=partition, error=type(error).__name__, at=frames_of(error))
        self._wait(BACK_OFF_SECONDS[0])

    def _acquire(self, assigned: Assigned, force: bool) -> Partition:
        for number in self._revoked & (self._owned.keys() | self._acquirer.ids.keys()):
            self._release(number)
        owned = self._owned.get(assigned.partition)
        if owned is not None and owned.generation == assigned.generation:
            return owned
        self._forget(assigned.partition)
        partition, restored = self._acquirer.acquire(assigned, lambda: self.ticking.look(self._owned), force=force)
        self.ticking.begin_with(partition)
        self._meter.acquired(restored)
        self._owned[partition.number] = partition
        return partition

    def _go_on_alone(self, error: Exception) -> None:
        log_event(logging.WARNING, "joint_insert_fails", error=type(error).__name__, at=frames_of(error))

    def _ready(self, batches: Sequence[ReceivedBatch]) -> list[tuple[Partition, NewRecords]]:
        """New records of partitions that are this worker's already, and of which none is suspected. None where that is one partition's
        only: it needs no joint insert."""
        ready = []
        for batch in () if self._should_stop() else batches:
            partition = self._owned.get(batch.partition)
            if (
                partition is None
                or not batch.generation == partition.generation == self._generation
                or batch.partition in self._revoked
                or self._blame.suspects(batch.partition)
            ):
                continue
            new = self._pipeline.receive(partition, batch)
            if new.records:
                ready.append((partition, new))
        return ready if len(ready) > 1 else []

    def _store_records(self, partition: Partition, batch: ReceivedBatch) -> None:
        """Inserts of as many of the records as fit, until the mark covers all."""
        self._look()
        blame, number = self._blame, partition.number
        while (new := self._pipeline.receive(partition, batch)).records:
            first_offset = new.records[0].offset
            is_guilty = blame.is_guilty(number, first_offset)
            limit = 1 if is_guilty else blame.limit(number)
            if limit is not None and limit < len(new.records):
                new = new.first(limit)
            blame.trying(number, first_offset, len(new.records))
            if is_guilty:
                prepared = self._pipeline.put_aside(partition, new)
            else:
                self._inserts.make_room(partition, len(new.records))
                prepared = self._pipeline.prepare(partition, new)
            self._inserts.send((partition, prepared))

    def _tick(self, partition: Partition, must_mark: bool) -> None:
        if not self.ticking.run(partition, self._owned, must_mark=must_mark):
            self._forget(partition.number)

    def _still_member(self, assigned: Assigned) -> bool:
        self._wait(2 * HEARTBEAT_SECONDS)
        return assigned.generation >= self._generation and assigned.partition not in self._revoked

    def _wait(self, seconds: float) -> None:
        left = seconds
        while left > 0 and not self._should_stop():
            self._sleep(min(left, _WAIT_STEP_SECONDS))
            left -= _WAIT_STEP_SECONDS

    def _forget(self, partition: int) -> None:
        owned = self._owned.pop(partition, None)
        if owned is not None:
            owned.tails.close()
            self._meter.lets_go(partition)

    def _forget_all(self) -> None:
        self.ticking.forget()
        for partition in list(self._owned):
            self._forget(partition)

    def _release(self, partition: int) -> None:
        """Another worker goes on with the partition."""
        self._forget(partition)
        self._acquirer.release(partition)
