"""Doing what the plan says, undoing it, and telling what it did: a fault that met nothing is told to have had no effect."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.chaos.erasing import Erasing
from tests.support.chaos.plan import OF_LINK, PAUSE_SECONDS, Fault, Kind
from tests.support.chaos.proxy import Mode, Proxy
from tests.support.chaos.records import phantoms
from tests.support.chaos.sender import Sender
from tests.support.chaos.stage import Stage
from tests.support.chaos.timeline import Timeline
from tests.support.invariance.run import apply
from touchline.local.process import Part
from touchline.schemas.journey.model import JourneyMap

MODES: Final = {
    Kind.LATENCY: Mode.LATENCY, Kind.BLACK_HOLE: Mode.BLACK_HOLE, Kind.HALF_OPEN: Mode.HALF_OPEN, Kind.RESET: Mode.RESET,
    Kind.CUT: Mode.CUT, Kind.CUT_ANSWER: Mode.CUT_ANSWER, Kind.KAFKA_LATENCY: Mode.LATENCY, Kind.KAFKA_BLACK_HOLE: Mode.BLACK_HOLE,
    Kind.KAFKA_RESET: Mode.RESET,
}  # fmt: skip
LATENCY_SECONDS: Final = 0.15
ABORT_PATIENCE_SECONDS: Final = 30.0
EFFECT_SECONDS: Final = 4.0
POLL_SECONDS: Final = 0.05
ACQUIRED: Final = re.compile(r"event=acquired\b")
DISK: Final = re.compile("the disk of the (?:worker's state|state folder) is full")
Undo = Callable[[], "Effect"]


class Effect(NamedTuple):
    """What a fault did, for people, and whether it did anything."""

    text: str
    is_there: bool = True


class Done(NamedTuple):
    """What was done in a run: kills that hit a process that ran; by the number of the fault when it began and ended and what it did; and
    the faults that had no effect."""

    kills: int
    effects: dict[int, tuple[float, float, Effect]]
    without_effect: list[Fault]


class Faults:
    """Begins and ends the faults of a plan, and notes what they did."""

    def __init__(
        self, stage: Stage, sender: Sender, erasing: Erasing, changed: JourneyMap, seed: int, timeline: Timeline
    ) -> None:
        self._stage = stage
        self._sender = sender
        self._erasing = erasing
        self._changed = changed
        self._seed = seed
        self._timeline = timeline
        self._undo: dict[int, tuple[float, Undo]] = {}
        self._kills = 0
        self.last_ended = timeline.seconds
        self._without_effect: list[Fault] = []
        self._effects: dict[int, tuple[float, float, Effect]] = {}
        self._begin: Mapping[Kind, Callable[[Fault], Undo]] = {
            Kind.KILL: self._kill, Kind.BROKER: self._broker, Kind.CLICKHOUSE: self._clickhouse, Kind.END: self._end,
            Kind.PAUSE: self._pause, Kind.FREEZE: self._freeze, Kind.SCALE: self._scale, Kind.DISK_FULL: self._disk_full,
            Kind.MAP: self._map, Kind.ERASE: self._erase, Kind.ABORT: self._abort,
        }  # fmt: skip

    @property
    def done(self) -> Done:
        """All until now."""
        return Done(self._kills, self._effects, self._without_effect)

    @property
    def is_broken(self) -> bool:
        """Whether a fault is on."""
        return bool(self._undo)

    def begin(self, fault: Fault) -> None:
        """Break it."""
        at = self._timeline.seconds
        self._timeline.note("begins", fault.text(), fault=fault.number, kind=fault.kind.name, target=fault.target)
        self._undo[fault.number] = (at, self._begin.get(fault.kind, self._proxied)(fault))

    def end(self, fault: Fault) -> None:
        """Mend it."""
        began, undo = self._undo.pop(fault.number)
        effect = undo()
        self.last_ended = self._timeline.seconds
        self._effects[fault.number] = (began, self.last_ended, effect)
        said = effect.text if effect.is_there else f"without effect: {effect.text}"
        self._timeline.note("ends", f"{fault.text()}: {said}", fault=fault.number, has_effect=effect.is_there)
        if not effect.is_there:
            self._without_effect.append(fault)

    def _kill(self, fault: Fault) -> Undo:
        pid = self._stage.kill(fault.target)
        self._kills += 1

        def undo() -> Effect:
            self._stage.held.discard(fault.target)
            self._stage.tend()
            return Effect(f"process {pid} is gone, another one starts")

        return undo

    def _killed(self, part: Part) -> Undo:
        was_running = part.is_running()
        part.kill()
        self._kills += was_running

        def undo() -> Effect:
            part.start(wait=False)
            return Effect("started again on the same data" if was_running else "it did not run", was_running)

        return undo

    def _broker(self, fault: Fault) -> Undo:
        return self._killed(self._stage.stack.brokers[fault.target - 1])

    def _clickhouse(self, fault: Fault) -> Undo:
        return self._killed(self._stage.ledger.face)

    def _end(self, fault: Fault) -> Undo:
        self._stage.held.add(fault.target)
        was_running = self._stage.worker(fault.target).is_running()
        seconds = self._stage.end(fault.target)

        def undo() -> Effect:
            self._stage.held.discard(fault.target)
            self._stage.tend()
            return Effect(f"ended after {seconds:.1f} s, started again", was_running)

        return undo

    def _pause(self, fault: Fault) -> Undo:
        part, began = self._stage.run(fault.target), self._timeline.seconds
        others = self._acquisitions(but=fault.target)
        part.pause()

        def undo() -> Effect:
            seconds, taken = self._timeline.seconds - began, self._acquisitions(but=fault.target) - others
            part.resume()
            return Effect(f"stopped for {seconds:.1f} s, others took {taken} partitions over", seconds >= PAUSE_SECONDS)

        return undo

    def _acquisitions(self, but: int) -> int:
        logs = [part.log_path for number, part in self._stage.running if number != but]
        return sum(len(ACQUIRED.findall(read_from(path, 0))) for path in logs)

    def _freeze(self, fault: Fault) -> Undo:
        face, began = self._stage.ledger.face, self._timeline.seconds
        was_running = face.is_running()
        face.pause()

        def undo() -> Effect:
            face.resume()
            return Effect(f"stopped for {self._timeline.seconds - began:.1f} s", was_running)

        return undo

    def _scale(self, fault: Fault) -> Undo:
        before = self._stage.wanted
        self._stage.scale(fault.target)
        return lambda: Effect(f"from {before} to {fault.target} workers", before != fault.target)

    def _proxied(self, fault: Fault) -> Undo:
        stage = self._stage
        proxies: list[Proxy] = (
            [stage.clickhouse_proxies[fault.target - 1]] if fault.kind in OF_LINK else stage.kafka_proxies
        )
        if fault.kind in OF_LINK:
            stage.run(fault.target)
        for one in proxies:
            one.set(MODES[fault.kind], LATENCY_SECONDS)

        def undo() -> Effect:
            self._wait(lambda: any(one.seen.had_effect for one in proxies))
            seen = [one.clear() for one in proxies]
            return Effect("; ".join(one.text() for one in seen), any(one.had_effect for one in seen))

        return undo

    def _disk_full(self, fault: Fault) -> Undo:
        number, part = self._stage.running[0] if self._stage.running else (1, self._stage.run(1))
        pid = self._stage.run(number).pid
        logs = {one.log_path: size_of(one.log_path) for _, one in self._stage.running}
        self._stage.disk.fill(pid)

        def undo() -> Effect:
            self._wait(lambda: self._said_full(logs) > 0)
            self._stage.disk.free(pid)
            found = self._said_full(logs)
            kind = type(self._stage.disk).__name__
            return Effect(f"{kind} under {part.name}: {found} lines in the logs say that it is full", found > 0)

        return undo

    @staticmethod
    def _said_full(logs: Mapping[Path, int]) -> int:
        return sum(len(DISK.findall(read_from(path, begin))) for path, begin in logs.items())

    def _wait(self, has_effect: Callable[[], bool]) -> None:
        """Give a fault that has met nothing yet some seconds more."""
        deadline = time.monotonic() + EFFECT_SECONDS
        while not has_effect() and time.monotonic() < deadline:
            self._stage.tend()
            time.sleep(POLL_SECONDS)

    def _map(self, fault: Fault) -> Undo:
        self._stage.ledger.face.wait_ready()  # it may be starting
        apply(self._stage.ledger, self._changed)
        return lambda: Effect(f"version {self._changed.version} of {self._changed.map} begins")

    def _erase(self, fault: Fault) -> Undo:
        self._erasing.want(fault.target)
        return lambda: Effect("asked for")

    def _abort(self, fault: Fault) -> Undo:
        said: list[str] = []

        def send() -> None:
            said.append(self._sender.abort(phantoms(self._seed, fault.number), f"chaos-{self._seed}-{fault.number}"))

        thread = threading.Thread(target=send, name="transaction")
        thread.start()

        def undo() -> Effect:
            thread.join(ABORT_PATIENCE_SECONDS)
            return Effect(said[0] if said else "still under way", bool(said))

        return undo


def size_of(path: Path) -> int:
    """Bytes of a log; 0 before it is there."""
    return path.stat().st_size if path.exists() else 0


def read_from(path: Path, begin: int) -> str:
    """What a log says from there on."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(begin)
        return log.read().decode(errors="replace")
