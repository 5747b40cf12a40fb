"""One schedule: who runs when, what fails when, and what must be true in the end. All of it follows from the seed."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from random import Random
from unittest.mock import patch

from tests.support.identity_world.blanking import Record, blank, blank_words, may_blank, records_of
from tests.support.identity_world.end import check_end
from tests.support.identity_world.maps import NAME, compiled_map
from tests.support.identity_world.plan import SECRET, Plan, Record as KafkaRecord, plan_of, request
from tests.support.identity_world.reader import MapVersion, Reader, Violation
from tests.support.identity_world.said import CIPHER, said, sources_of
from tests.support.identity_world.scenes import SCENES
from tests.support.identity_world.server import Server
from tests.support.identity_world.worker import Kafka, Maps, Membership, Rates, Worker
from touchline.processors import news, sweep, walk
from touchline.processors.homes import Homes
from touchline.processors.loop.inserts import Inserts
from touchline.processors.pipeline import Pipeline
from touchline.processors.state.erasures import READ, Erasures
from touchline.processors.state.partition import Partition
from touchline.processors.steps import kept
from touchline.processors.steps.validate import Validator
from touchline.processors.values.protocol import Assigned

STEPS_MAX = 60_000
QUIET_TICKS = 3
"""Ticks of each partition that change nothing, one after another, before all is at rest."""
QUIET_TICKS_MAX = 120
"""The same while a partition has not walked for the newest change of the maps, or the sweep has not seen all."""
_WORKERS = (1, 2, 2, 3)
_FAULTS = (0, 2, 4, 8, 12)
_FAULT_RATES = (0.02, 0.05, 0.1)
_DOZES = (0, 0.01, 0.03, 0.1)
_PAUSES = (0.05, 0.2, 0.5, 1.0)
_BATCHES = (1, 2, 4, 8)
_WALKED_AT_ONCE = (1, 2, 100)
_READ_AT_ONCE = (1, 2, 25, 25)
_KEPT_EVERY = (1, 1, 2, kept.EVERY)
_MAPS: dict[MapVersion, int] = {(NAME, 1): 1, (NAME, 2): 2}


def _read_ids_anew(inserts: Inserts, partition: Partition, id_count: int) -> None:
    """The ids have no room, however few come."""
    partition.ids.mark = None
    partition.ids.restore(partition.ledger, partition.mark, inserts._should_stop, room=id_count)


class World:
    """`run` goes on until nothing changes any more, and raises Violation."""

    def __init__(self, seed: int, folder: Path, trace: list[str] | None = None, *, focus: str = "") -> None:
        self.plan: Plan = SCENES[focus](Random(seed)) if focus in SCENES else plan_of(seed, focus)
        self.random = random = self.plan.random
        self.said = said(self.plan)
        self.maps = {shown: compiled_map(version) for shown, version in _MAPS.items()}
        self.reader = Reader(self.said, self.maps, self.plan.faulty, self.plan.home, self.plan.requests)
        self.server = Server(self.reader, random, trace)
        self.trace = trace
        self.steps = 0
        self.faults = random.choice(_FAULTS)
        self._fault_rate = random.choice(_FAULT_RATES)
        self._doze = random.choice(_DOZES)
        self._rates = Rates(random.choice(_PAUSES), random.choice(_BATCHES))
        self._read_at_once = random.choice(_READ_AT_ONCE)
        self._walked_at_once = random.choice(_WALKED_AT_ONCE)
        self._kept_every = random.choice(_KEPT_EVERY)
        self._is_cramped = random.random() < 0.2
        self._folder = folder
        self._kafka = Kafka(self._records, self._acknowledged, self._ticked)
        self._started = 0
        self._generation = 0
        self._committed = dict.fromkeys(range(self.plan.partitions), 0)
        self._owners: dict[int, Worker] = {}
        self._quiet: dict[int, tuple[int, int]] = {}
        self._requests = list(self.plan.requests)
        self._request_due = random.choice((0, random.randrange(300), random.randrange(2_000)))
        self._blanks_left = random.choice((0, 1, 2)) if self.plan.staging is None else self.plan.staging.blanks
        if not self.plan.requests:
            self._blanks_left = 0
        self._to_blank: set[Record] | None = None
        self._has_asked = False
        self._map_due = random.randrange(300)
        self._map_steps = list(self.plan.map_steps)
        if self._map_steps:  # else the one map stands for ever
            self._change_maps(1, "stands")
        count = random.choice(_WORKERS)
        if (staging := self.plan.staging) is not None:
            count, self.faults = staging.workers, staging.faults
        self.workers = [self._start(number) for number in range(count)]

    # ------------------------------------------------------------ Kafka and its group

    def _records(self, partition: int) -> list[KafkaRecord]:
        return self.plan.readable(partition, self.reader, len(self.plan.map_steps) - len(self._map_steps))

    def _acknowledged(self, worker: Worker, assigned: Assigned, next_offset: int) -> None:
        mark = self.reader.marks.get(assigned.partition)
        if next_offset > (0 if mark is None else mark.get("offset", 0) + 1):
            raise Violation(f"partition {assigned.partition} is acknowledged up to {next_offset} and not durable")
        if self._owners.get(assigned.partition) is worker and assigned.generation == self._generation:
            self._committed[assigned.partition] = next_offset

    def _ticked(self, worker: Worker, assigned: Assigned, version: int) -> None:
        partition = assigned.partition
        if version == self.server.version and self._owners.get(partition) is worker:
            before, count = self._quiet.get(partition, (-1, 0))
            self._quiet[partition] = (version, count + 1 if before == version else 1)

    def pipeline(self) -> Pipeline:
        """The real steps, with this world's partitioner and the maps that stand."""
        standing = self.server.standing_maps()
        pipeline = Pipeline(
            Validator(sources_of(self.plan), "UTC", CIPHER),
            [self.maps[one] for one in self.reader.standing_maps],
            CIPHER,
            Homes(self.plan.home, self.plan.partitions),
            now_ms=lambda: 1,
            hub_neighbours=self.plan.neighbours_max,
            erasures=Erasures(SECRET),
        )
        pipeline.attach_under(standing.change, pipeline.maps)
        return pipeline

    def _start(self, slot: int) -> Worker:
        self._started += 1
        return Worker(
            f"w{self._started}",
            self._folder / str(slot),
            self.server,
            self._kafka,
            self.pipeline(),
            Maps(self.maps, self._switched, lambda: None) if self.plan.map_steps else None,
            self.random,
            self._rates,
            () if self.plan.staging is None else self.plan.staging.naps_of(slot),
        )

    def _rebalance(self) -> None:
        """The group hands all partitions out again. Who is thrown out hears of it later."""
        random, self._generation = self.random, self._generation + 1
        members = [one for one in self.workers if random.random() < 0.7] or [random.choice(self.workers)]
        if self.faults <= 0:
            members = self.workers
        self._owners = {partition: random.choice(members) for partition in range(self.plan.partitions)}
        if self.plan.staging is not None:
            self._owners = {one: self.workers[one % len(self.workers)] for one in self._owners}
        for worker in self.workers:
            mine = [partition for partition, owner in self._owners.items() if owner is worker]
            worker.news = Membership(self._generation, {one: self._committed[one] for one in mine})
            if worker in members:
                worker.hear()
        self._note(f"generation {self._generation}: {[one.name for one in self._owners.values()]}")

    # ------------------------------------------------------------ maps

    def _change_maps(self, version: int, state: str) -> None:
        number = len(self.server.map_changes) + 1
        self.server.map_changes.append((number, NAME, version, state))
        self.server.version += 1
        self.reader.standing_maps = self.server.standing_maps().maps

    def _map_step(self) -> None:
        """Another version of the map is added, withdrawn before anybody sees it, or the old one is dropped when nobody sees it any more."""
        step, staging = self._map_steps[0], self.plan.staging
        if staging is not None and not staging.is_due(len(self.plan.map_steps) - len(self._map_steps), self.reader):
            return
        if step == "switch":
            if not self.reader.is_switched:
                return
        elif step == "drop":
            self._change_maps(1, "dropped")
        elif step == "add":
            self._change_maps(2, "stands")
        elif self.reader.is_switched:
            self._map_steps = ["too late"]
        else:
            self._change_maps(2, "dropped")
        self._note(f"maps: {step}")
        self._map_steps.pop(0)
        self._map_due = self.steps + self.random.randrange(300 if staging is None else staging.map_pause)

    def _all_have_walked(self) -> bool:
        change = self.server.standing_maps().change
        if not change:
            return True
        walked = [one for one in self.server.progress().values() if (one.map_change, one.walked_to) == (change, "end")]
        return len(walked) == self.plan.partitions

    def _is_swept(self) -> bool:
        """The owner of partition 0 compares the ids of all."""
        sweeper = self._owners.get(0)
        return self.plan.partitions == 1 or (sweeper is not None and sweeper.has_swept(self.server.positions()))

    def _switched(self, change: int) -> None:
        """A worker says that all have walked for the change."""
        standing = self.server.standing_maps()
        if change == standing.change and len(standing.maps) > 1 and not self.reader.is_switched:
            self._note(f"readers are switched for change {change}")
            self.reader.check_maps_agree()
            self.reader.is_switched = True

    # ------------------------------------------------------------ erasures

    def _is_request_due(self) -> bool:
        cue = None if self.plan.staging is None else self.plan.staging.request_wait
        return self.steps >= self._request_due if cue is None else cue(self.reader)

    def _ask_to_erase(self) -> None:
        """Somebody is to be erased: all identifiers at once, as the command asks, or one after another."""
        count = self.random.choice((1, len(self._requests)))
        for one in self._requests[:count]:
            self._note(f"{one.how} {one.identifier[-8:]} after {one.after_us} up to {one.until_us}")
            self.server.erasures.append(one)
        del self._requests[:count]
        self.server.version += 1
        self._request_due = self.steps + self.random.randrange(100)

    def _blank(self) -> None:
        """Whatever names the erased is blanked: first in rows of sign 1, later in those that retract them."""
        if self._to_blank is None:
            if not may_blank(self.server, self.plan.partitions):
                return
            if not self._has_asked:
                self._has_asked = True
                number = len(self.server.erasures) + 1
                self.server.erasures.append(request(number, "", "", -1)._replace(how=READ))
                self.server.version += 1
            else:
                self._has_asked = False
                self._to_blank = records_of(self.server)
                blank(self.server, self._to_blank, 1)
                self._note(f"{len(self._to_blank)} records are blanked")
            return
        blank(self.server, self._to_blank, -1)
        blank_words(self.server, self.reader, self.plan.home, self._to_blank)
        self._note("their retractions, too")
        self._to_blank = None
        self._blanks_left -= 1

    # ------------------------------------------------------------ faults

    def _fault(self) -> None:
        random, kind = self.random, self.random.random()
        if self.plan.staging is not None:
            low, high = self.plan.staging.fault_kinds
            kind = low + kind * (high - low)
        if kind < 0.3:
            self._kill(random.choice(self.workers))
        elif kind < 0.35:
            random.choice(self.workers).is_leaving = True
        elif kind < 0.55:
            self._rebalance()
        elif kind < 0.7 and self.server.flights:
            self._note("the server crashes")
            self.server.crash()
        elif kind < 0.9 and self.server.flights:
            flight = random.choice(self.server.flights)
            self._note(f"no answer to {flight.insert.numbers}")
            if flight.heard == "pending":
                flight.heard = "lost"
        elif kind >= 0.9:
            random.choice(self.workers).client.is_broken = True
        else:
            return
        self.faults -= 1

    def _kill(self, worker: Worker) -> None:
        """A process ends, and another one begins in its folder. What is under way may still arrive."""
        random, server = self.random, self.server
        self._note(f"{worker.name} is killed")
        worker.kill()
        if random.random() < 0.5:
            server.flights = [one for one in server.flights if one.client is not worker.client]
        worker.age_state()
        self._replace(worker)

    def _replace(self, worker: Worker) -> None:
        place = self.workers.index(worker)
        self.workers[place] = self._start(int(worker.folder.name))
        self._owners = {partition: owner for partition, owner in self._owners.items() if owner is not worker}

    # ------------------------------------------------------------ the schedule

    def run(self) -> None:
        """Raises Violation, and whatever the worker's code raises."""
        try:
            with (
                patch.object(news, "INSERTS_AT_ONCE", self._read_at_once),
                patch.object(news, "STEPS_PER_TICK", 1),
                patch.object(walk, "IDENTIFIERS_AT_ONCE", self._walked_at_once),
                patch.object(walk, "EVENTS_AT_ONCE", self._walked_at_once),
                patch.object(sweep, "INSERTS_PER_STEP", 4 * self._read_at_once),
                patch.object(kept, "EVERY", self._kept_every),
                patch.object(Inserts, "make_room", _read_ids_anew) if self._is_cramped else nullcontext(),
            ):
                while not self._is_at_rest():
                    self._step()
            check_end(self.plan, self.said, self.maps, self.reader)
        finally:
            for worker in self.workers:
                worker.kill()

    def _step(self) -> None:
        random, server = self.random, self.server
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise Violation("there is no end")
        if self._map_steps and self.steps >= self._map_due:
            self._map_step()
        if self._requests and self._is_request_due():
            self._ask_to_erase()
        if self._blanks_left and not self._requests and random.random() < 0.02:
            self._blank()
        if self.faults > 0 and random.random() < self._fault_rate:
            self._fault()
            return
        if len(self._owners) < self.plan.partitions and (self.faults <= 0 or random.random() < 0.1):
            self._rebalance()
        choice = random.randrange(len(self.workers) + len(server.flights))
        if choice >= len(self.workers):
            server.advance(server.flights[choice - len(self.workers)])
            return
        worker = self.workers[choice]
        if random.random() < self._doze:
            worker.wakes_at = self.steps + random.randrange(100)
        if worker.wakes_at > self.steps:
            return
        if worker.news is not None and random.random() < 0.1:
            worker.hear()
        worker.strand.go()
        if worker.strand.is_over:
            self._note(f"{worker.name} has left")
            self._replace(worker)

    def _is_at_rest(self) -> bool:
        if self.faults > 0 or self.server.flights or self._map_steps or self._requests or self._blanks_left:
            return False
        if any(self._committed[one] < len(log) for one, log in enumerate(self.plan.log)):
            return False
        is_done = self._all_have_walked() and self._is_swept()
        wanted = (self.server.version, QUIET_TICKS if is_done else QUIET_TICKS_MAX)
        return all(self._quiet.get(one, (-1, 0)) >= wanted for one in range(self.plan.partitions))

    def _note(self, text: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.steps:6} {text}")

    def count(self, counts: Counter[str]) -> None:
        """What happened."""
        kinds = self.reader.kinds
        counts["steps"] += self.steps
        counts["records"] += len(self.said)
        counts["inserts"] += kinds["mark"]
        counts["merged"] += bool(kinds["handoff"])
        for kind in ("handoff", "claim", "release", "look"):
            counts[f"{kind} rows"] += kinds[kind]
        counts["sender's faults"] += len(self.plan.faulty)
        counts["maps switched"] += self.reader.is_switched
