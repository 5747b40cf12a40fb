"""The store loop as a state machine: workers that take over, sleep, wake and die, over a store that stores, loses answers, stores nothing,
or lets an insert arrive when its worker is long fenced. At any moment each offset up to the mark has one fate and nothing else has one."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.unit.processors.loop.partition import deliveries, expected_fates, expected_tables, tables_of, version
from tests.unit.processors.loop.scripted import FAULTY_ENDS, End, ScriptedLedger
from tests.unit.processors.loop.world import TOPIC, batch, fates, kill, make_loop, quick_folder, records_of
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.values.protocol import Acknowledge, Assigned, StoreResult

WORKERS = st.integers(0, 2)
BACK = st.sampled_from([0, 0, 0, 2])
FAULTS = st.lists(st.sampled_from(FAULTY_ENDS), max_size=3)


class StoreMachine(RuleBasedStateMachine):
    """Three workers, one partition, one group."""

    inserts = 0
    """Of all schedules so far; so is `refused_late`."""
    refused_late = 0

    def __init__(self) -> None:
        super().__init__()
        self.resources = ExitStack()
        self.folder = self.resources.enter_context(quick_folder())
        self.ledger = ScriptedLedger()
        self.log: list[dict[str, Any]] = []
        self.generation = 0
        self.owner = 0
        self.names = 0
        self.loops: dict[int, StoreLoop] = {}
        self.generations = {0: 0, 1: 0, 2: 0}
        self.positions = {0: 0, 1: 0, 2: 0}
        self.committed = 0
        self.disconnected: set[int] = set()

    @initialize(events=deliveries(), worker=WORKERS)
    def begin(self, events: list[dict[str, Any]], worker: int) -> None:
        self.log += events
        for number in (0, 1, 2):
            self._start(number)
        self.take_over(worker)

    def _start(self, worker: int) -> None:
        self.names += 1

        def heartbeat(seconds: float) -> None:
            # The group tells a member within two heartbeats that it is none any more.
            if worker != self.owner:
                self.loops[worker].on_revoked([0])

        self.loops[worker] = make_loop(
            self.ledger, self.folder / str(worker), f"w{self.names}", sleep=heartbeat, id_bytes_max=1 << 18
        )

    @rule(events=deliveries(max_size=5))
    def produce(self, events: list[dict[str, Any]]) -> None:
        self.log += events

    @rule(worker=WORKERS)
    def take_over(self, worker: int) -> None:
        """The group moves the partition; the old owner hears of it later, or never."""
        self.generation += 1
        self.owner = worker
        self.generations[worker] = self.generation
        self.positions[worker] = self.committed
        self.loops[worker].on_assigned([0], self.generation)

    @rule(worker=WORKERS)
    def revoke(self, worker: int) -> None:
        if worker != self.owner:
            self.loops[worker].on_revoked([0])

    @rule(size=st.integers(1, 6), back=BACK, ends=FAULTS)
    def the_owner_polls(self, size: int, back: int, ends: list[End]) -> None:
        self.poll(self.owner, size, back, ends)

    @rule(size=st.integers(1, 6), worker=WORKERS, ends=FAULTS)
    def anyone_polls(self, worker: int, size: int, ends: list[End]) -> None:
        """Mostly one that slept through its loss."""
        self.poll(worker, size, 0, ends)

    @rule(worker=WORKERS, must_mark=st.booleans(), ends=FAULTS)
    def anyone_ticks(self, worker: int, must_mark: bool, ends: list[End]) -> None:
        """Work without records, of the owner or of one that slept through its loss."""
        if self.generations[worker]:
            tick = self.loops[worker].tick
            assigned = Assigned(TOPIC, 0, self.generations[worker])
            self._ask(worker, lambda: tick(assigned, must_mark=must_mark), ends)

    def poll(self, worker: int, size: int, back: int, ends: list[End]) -> None:
        """A worker stores what it has read: the owner, or one that slept through its loss."""
        start = max(0, self.positions[worker] - back)
        records = records_of(self.log)[start : start + size]
        if records and self.generations[worker]:
            asked = batch(records, self.generations[worker])
            self._ask(worker, lambda: self.loops[worker].store(asked), ends)

    def _ask(self, worker: int, ask: Callable[[], StoreResult], ends: list[End]) -> None:
        self.ledger.ends = list(ends)
        self.ledger.is_connection_broken = worker in self.disconnected
        self.disconnected.discard(worker)
        answer = ask()
        self.ledger.ends = []
        if self.ledger.is_connection_broken:  # nothing was asked
            self.ledger.is_connection_broken = False
            self.disconnected.add(worker)
        if isinstance(answer, Acknowledge):
            # Who was only given again what it has stored cannot know yet that it is gone.
            assert answer.next_offset <= self.mark() + 1 or worker in self.disconnected, "acknowledged and not durable"
            self.positions[worker] = answer.next_offset
            self.committed = answer.next_offset
        else:
            assert worker != self.owner, answer

    @rule(worker=WORKERS, how=st.sampled_from(["close", "kill", "lose state", "old state"]))
    def restart(self, worker: int, how: str) -> None:
        """A process ends and another begins in its folder; the group gives it nothing before the next take-over."""
        loop, state, old = self.loops[worker], self.folder / str(worker), self.folder / f"old{worker}"
        if how == "close":
            loop.close()
        else:
            kill(loop)
        if how == "lose state":
            shutil.rmtree(state, ignore_errors=True)
        elif how == "old state" and old.exists():
            shutil.rmtree(state, ignore_errors=True)
            shutil.copytree(old, state)
        elif how == "old state" and state.exists():
            shutil.copytree(state, old)
        self._start(worker)
        self.generations[worker] = 0
        if worker == self.owner:
            self.take_over(worker)

    @rule(what=st.sampled_from(["nothing", "nothing", "group", "backup"]), kept=st.integers(0, 9), worker=WORKERS)
    def operate(self, what: str, kept: int, worker: int) -> None:
        """The group is deleted, so that its generations count from 1 again while workers of the old one live. Or a backup is restored."""
        if what == "group":
            self.generation = 0
            self.take_over(worker)
        elif what == "backup" and self.mark() >= 0:
            self._restore_backup(kept, worker)

    @rule(lost=st.integers(1, 2), size=st.integers(1, 6))
    @precondition(lambda self: self.mark() >= 0)
    def lose_power(self, lost: int, size: int) -> None:
        """The server comes back with less than it had acknowledged, and the owner, who has lost its connection only, polls on."""
        self._fall_back(len(self.ledger.standing("mark")) - lost)
        self.disconnected = set(self.loops)
        self.poll(self.owner, size, 0, [])

    def _fall_back(self, kept: int) -> None:
        """The ledger is at an older insert, and what was on its way has failed."""
        self.ledger.network.clear()
        self.ledger.running.clear()
        self.ledger.rows = [row for row in self.ledger.rows if row["insert_number"] <= kept]

    def _restore_backup(self, kept: int, worker: int) -> None:
        """With all workers ended the ledger falls back to an older insert. Kafka's commits and the state files know more."""
        for loop in self.loops.values():
            kill(loop)
        self._fall_back(kept)
        self.disconnected.clear()
        for number in self.loops:
            self._start(number)
            self.generations[number] = 0
        self.take_over(worker)

    @rule(choice=st.integers(0, 9))
    @precondition(lambda self: self.ledger.network)
    def arrive(self, choice: int) -> None:
        """An insert arrives that was given up long ago."""
        self.ledger.arrive(self.ledger.network[choice % len(self.ledger.network)])

    @rule(choice=st.integers(0, 9), is_killed=st.booleans())
    @precondition(lambda self: self.ledger.running)
    def finish(self, choice: int, is_killed: bool) -> None:
        self.ledger.finish(self.ledger.running[choice % len(self.ledger.running)], is_killed=is_killed)

    @rule(kills=st.booleans())
    def server_mood(self, kills: bool) -> None:
        """Whether a new owner finds what runs done or has it killed."""
        self.ledger.kills_running = kills

    def mark(self) -> int:
        return max((row["offset"] for row in self.ledger.standing("mark")), default=-1)

    @invariant()
    def each_offset_up_to_the_mark_has_one_fate(self) -> None:
        found = Counter(row["offset"] for row in self.ledger.standing("received"))
        assert found == Counter(range(self.mark() + 1))

    @invariant()
    def marks_are_contiguous(self) -> None:
        numbers, following = [], 0
        for row in self.ledger.standing("mark"):
            assert row.get("first_offset", 0) == following
            following = row.get("offset", 0) + 1
            numbers.append(row["insert_number"])
        assert numbers == list(range(1, len(numbers) + 1))

    @invariant()
    def no_row_is_retracted_twice_or_named_twice(self) -> None:
        signs = Counter((row["row_id"], row["sign"]) for row in self.ledger.rows)
        assert set(signs.values()) <= {1}

    def teardown(self) -> None:
        """What is left is stored by a new owner; stragglers come last of all."""
        try:
            if self.loops:
                # A ledger behind Kafka's commit is noticed with the next record.
                self.log.append(version(99, 1, 4000, "site", 0, "a"))
                self.take_over((self.owner + 1) % 3)
                while self.committed < len(self.log):
                    self.poll(self.owner, 7, 0, [])
                for insert in list(self.ledger.network):
                    self.ledger.arrive(insert)
                assert not self.ledger.running, "an insert passed the fence of a later owner"
                self.each_offset_up_to_the_mark_has_one_fate()
                for _ in range(2):  # whoever was ever linked is followed by ticks
                    self.anyone_ticks(self.owner, False, [])
                assert tables_of(self.ledger) == expected_tables(self.log)
                assert fates(self.ledger) == expected_fates(self.log)
        finally:
            StoreMachine.inserts += len(self.ledger.standing("mark"))
            StoreMachine.refused_late += self.ledger.refused_late
            for loop in self.loops.values():
                kill(loop)
            self.resources.close()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    phases=set(Phase) - {Phase.shrink},
    suppress_health_check=list(HealthCheck),
)
