"""A worker of the simulation: a process with the real store loop, and what the group has told it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple, cast

from tests.support.identity_world.plan import Record
from tests.support.identity_world.server import Client, Server
from tests.support.identity_world.strands import Strand
from touchline.journey.compile import CompiledMap
from touchline.processors.ledger.ledger import Ledger, MapVersion
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.pipeline import Pipeline
from touchline.processors.values.protocol import Acknowledge, Assigned, StoreResult
from touchline.processors.values.records import Cursors, ReceivedBatch

TOPIC = "events"
INCARNATION = "T1"
REDELIVERED = 0.1
SWEEP_EVERY_TICKS = 3
_HEARTBEAT_PAUSES = 0.1
_READ_MARKS = 0.02


class Membership(NamedTuple):
    """A generation of the group, and from which offset on the worker reads the partitions that are its own then."""

    generation: int
    positions: dict[int, int]


class Rates(NamedTuple):
    """How a schedule runs: how often a worker is stopped between two calls of the ledger, and the most records of a batch."""

    pause: float
    batch_max: int


class Kafka(NamedTuple):
    """What a worker asks of Kafka, and tells it: the readable records of a partition, and how far they are done with."""

    records: Callable[[int], list[Record]]
    acknowledged: Callable[[Worker, Assigned, int], None]
    ticked: Callable[[Worker, Assigned, int], None]


class Maps(NamedTuple):
    """Where a worker finds the contents of maps, and says that all have walked for a change (processors/loop/standing.py)."""

    contents: Mapping[MapVersion, CompiledMap]
    switched: Callable[[int], None]
    pause: Callable[[], None]

    def load(self, keys: Collection[MapVersion]) -> Mapping[MapVersion, CompiledMap]:
        """Those that are asked for."""
        self.pause()
        return {key: self.contents[key] for key in keys}

    def switch_readers(self, change: int) -> None:
        """Readers see what stands, unless another change has come."""
        self.pause()
        self.switched(change)


class _Loop(StoreLoop):
    """The real one. What fails by itself is no record's fault here, but a fault of the program."""

    def _seek_guilty(self, partition: int, error: Exception) -> None:
        raise error

    def _go_on_alone(self, error: Exception) -> None:
        raise error


class Worker:
    """One process. `news` is what the group says and the process has not heard yet."""

    def __init__(
        self,
        name: str,
        folder: Path,
        server: Server,
        kafka: Kafka,
        pipeline: Pipeline,
        maps: Maps | None,
        random: Random,
        rates: Rates,
        naps: Collection[str] = (),
    ) -> None:
        self.name = name
        self.folder = folder
        self.believes = Membership(-1, {})
        self.news: Membership | None = None
        self.wakes_at = 0
        self.is_leaving = False
        self._swept: Cursors = {}
        self._server = server
        self._kafka = kafka
        self._random = random
        self._rates = rates
        self.strand = Strand(self._live)
        self.client = Client(server, self._maybe_pause, self.strand.pause, naps=naps)
        self.loop = _Loop(
            pipeline,
            cast(Ledger, self.client),
            state_dir=folder,
            id_bytes_max=1 << 18,
            writer=name,
            incarnation_of=lambda topic: INCARNATION,
            should_stop=lambda: False,
            sleep=self._sleep,
            now_ms=lambda: 1,
            maps=None if maps is None else maps._replace(pause=self._maybe_pause),
            sweep_every_ticks=SWEEP_EVERY_TICKS,
        )

    def has_swept(self, positions: Cursors) -> bool:
        """Whether its sweep has seen all inserts, and told what it found."""
        return self._swept == positions

    def hear(self) -> None:
        """The news reach the process, whatever it does just then."""
        if self.news is None:
            return
        news, self.news = self.news, None
        self.loop.on_revoked(sorted(self.believes.positions.keys() - news.positions.keys()))
        self.loop.on_assigned(sorted(news.positions), news.generation)
        self.believes = news

    def kill(self) -> None:
        """The process ends, whatever it does just then: nothing is saved. (LMDB must be closed, a process may open a file once.)"""
        self.strand.kill()
        for owned in self.loop._owned.values():
            owned.tails.close()

    def age_state(self) -> None:
        """What it leaves behind for whoever begins in its folder: all, nothing, or what was copied after an earlier end."""
        folder, old, state = self.folder, self.folder.with_suffix(".old"), self._random.random()
        if state < 0.3:
            shutil.rmtree(folder, ignore_errors=True)
        elif state < 0.5 and old.exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(old, folder)
        elif state < 0.7 and folder.exists() and not old.exists():
            shutil.copytree(folder, old)

    def _live(self, strand: Strand) -> None:
        while not self.is_leaving:
            if self.believes.positions:
                self._turn()
            strand.pause()
        self.loop.close()

    def _turn(self) -> None:
        """One poll: records of one or more of the partitions, or a tick."""
        random = self._random
        generation, positions = self.believes
        partition = random.choice(sorted(positions))
        assigned = Assigned(TOPIC, partition, generation)
        if random.random() < _READ_MARKS:
            self.loop.read_marks(TOPIC, INCARNATION, sorted(positions))
        unread = {one for one in positions if positions[one] < len(self._kafka.records(one))}
        if partition in unread and random.random() < 0.6:
            others = sorted(unread - {partition})
            together = [partition, *random.sample(others, random.randint(0, len(others)))]
            batches = [self._batch(one, positions[one], generation) for one in together]
            done = self.loop.store_together(batches) if len(batches) > 1 else {}
            for batch in batches:
                answer = done.get(batch.partition) or self.loop.store(batch)
                self._done(Assigned(TOPIC, batch.partition, generation), answer)
            return
        version = self._server.version
        if self._done(assigned, self.loop.tick(assigned)):
            sweeper = self.loop.ticking.sweeper
            self._swept = {} if sweeper._met_twice or sweeper._found else sweeper._cursors
            self._kafka.ticked(self, assigned, version)

    def _batch(self, partition: int, start: int, generation: int) -> ReceivedBatch:
        if self._random.random() < REDELIVERED:
            start = self._random.randrange(start + 1)
        end = start + self._random.randint(1, self._rates.batch_max)
        return ReceivedBatch(TOPIC, partition, generation, self._kafka.records(partition)[start:end], start)

    def _done(self, assigned: Assigned, answer: StoreResult) -> bool:
        if not isinstance(answer, Acknowledge):
            self.hear()
            return False
        if self.believes.generation == assigned.generation:
            self.believes.positions[assigned.partition] = answer.next_offset
        self._kafka.acknowledged(self, assigned, answer.next_offset)
        return True

    def _maybe_pause(self) -> None:
        if self._random.random() < self._rates.pause:
            self.strand.pause()

    def _sleep(self, seconds: float) -> None:
        """The group tells a member within two heartbeats that it is none any more."""
        self.hear()
        if self._random.random() < _HEARTBEAT_PAUSES:
            self.strand.pause()
