"""What the chaos plays on: brokers, ClickHouse and up to four workers, with our proxies between them; and who keeps them alive.

Workers reach Kafka by a listener of its own whose advertised address is a proxy, and ClickHouse by a proxy each. Senders and readers go
straight, so that what they see is true.
"""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.support.chaos.plan import MOST_WORKERS
from tests.support.chaos.proxy import Proxy
from tests.support.chaos.timeline import Timeline
from tests.support.disks import SmallDisk, small_disk
from tests.support.engines import Ledger
from tests.support.invariance.ledgers import migrated
from touchline.errors import EngineUnreachable
from touchline.local.kafka import Broker, Cluster, prepare_broker
from touchline.local.parts import settings_environment, worker_part
from touchline.local.ports import LOOPBACK, free_ports
from touchline.local.process import Part
from touchline.local.stack import LocalStack

END_SECONDS: Final = 10.0
"""A worker that has not ended so long after SIGTERM is stuck; the promise is five, on a machine that is its own."""
START_SECONDS: Final = 60.0
JOIN_SECONDS: Final = 4.0
"""So long a fault waits for its worker to have joined; one that has not is hit while it starts."""
POLL_SECONDS: Final = 0.05


@contextmanager
def proxied_stack(folder: Path, partitions: int, brokers: int) -> Iterator[tuple[LocalStack, list[Proxy]]]:
    """A stack without schema and workers whose brokers can also be reached by a proxy each."""
    stack = LocalStack(folder, partitions=partitions, brokers=brokers, migrate=False)
    with ExitStack() as open_until_the_end:
        proxies = []
        for part, broker, port in zip(stack.brokers, stack.cluster.brokers, free_ports(brokers), strict=True):
            proxies.append(open_until_the_end.enter_context(Proxy(port)))
            _add_listener(part, stack.cluster, broker, port, proxies[-1].port)
        yield open_until_the_end.enter_context(stack), proxies


def _add_listener(part: Part, cluster: Cluster, broker: Broker, port: int, advertised: int) -> None:
    """Let a broker that has not been started also listen on this port, and tell its clients there to come to another one."""
    own = f"BROKER://{LOOPBACK}:{broker.port}"
    more = {
        "listeners": f"{own},CONTROLLER://{LOOPBACK}:{broker.controller_port},PROXIED://{LOOPBACK}:{port}",
        "advertised.listeners": f"{own},PROXIED://{LOOPBACK}:{advertised}",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT",
    }

    def prepare() -> None:
        prepare_broker(cluster, broker)
        with broker.properties_path.open("a", encoding="utf-8") as file:
            # Of a name that stands twice, Java takes the last.
            file.writelines(f"{name}={value}\n" for name, value in more.items())

    part.spec = dataclasses.replace(part.spec, prepare=prepare)


class Stage:
    """The ledger's ClickHouse, the workers by number (from 1), and the proxies. `held` workers are not started again."""

    def __init__(
        self,
        stack: LocalStack,
        ledger: Ledger,
        kafka: list[Proxy],
        clickhouse: list[Proxy],
        disk: SmallDisk,
        timeline: Timeline,
    ) -> None:
        self.stack = stack
        self.ledger = ledger
        self.kafka_proxies = kafka
        self.clickhouse_proxies = clickhouse
        self.disk = disk
        self.timeline = timeline
        self.wanted = 0
        self.held: set[int] = set()
        self.stuck: list[str] = []
        self._known: dict[int, int] = {}
        self._workers = [self._worker(number) for number in range(1, MOST_WORKERS + 1)]

    def _worker(self, number: int) -> Part:
        settings = self.ledger.settings.with_changes(
            kafka_bootstrap=",".join(f"{LOOPBACK}:{proxy.port}" for proxy in self.kafka_proxies),
            clickhouse_port=self.clickhouse_proxies[number - 1].port,
            state_dir=self.disk.path / "state",
        )
        part = Part(worker_part(settings, number, settings_environment(settings)), settings.local_dir)
        part.on_start = self.stack.guard
        return part

    def worker(self, number: int) -> Part:
        """One of them, whether it runs or not."""
        return self._workers[number - 1]

    @property
    def running(self) -> list[tuple[int, Part]]:
        """Workers that run, with their numbers."""
        return [(number, part) for number, part in enumerate(self._workers, 1) if part.is_running()]

    def scale(self, count: int) -> int:
        """So many workers from now on; those that are too many end by SIGTERM. Returns how many had run."""
        before, self.wanted = len(self.running), count
        for number, _ in reversed(self.running):
            if number > count:
                self.end(number)
        self.tend()
        return before

    def tend(self) -> None:
        """Start what ought to run and does not, as a supervisor would."""
        for number in range(1, self.wanted + 1):
            part = self.worker(number)
            if number in self.held or part.is_running():
                continue
            if self._known.get(number):
                last = part.log_tail(1)[-160:]
                self.timeline.note("restarted", f"{part.name} ended by itself: {last}", is_told=False, worker=number)
            self._start(number)

    def _start(self, number: int) -> None:
        part = self.worker(number)
        part.start(wait=False)
        self._known[number] = part.pid

    def run(self, number: int) -> Part:
        """The worker, which runs, and has joined, if it can within some seconds."""
        self.held.discard(number)
        deadline = time.monotonic() + JOIN_SECONDS
        part = self.worker(number)
        while not part.is_ready() and time.monotonic() < deadline:
            if not part.is_running():
                self._start(number)
            time.sleep(POLL_SECONDS)
        if not part.is_running():
            self._start(number)
        return part

    def kill(self, number: int) -> int:
        """SIGKILL, and hold it; returns its process id."""
        part = self.run(number)
        pid = part.pid
        part.kill()
        self._gone(number)
        self.held.add(number)
        return pid

    def end(self, number: int) -> float:
        """SIGTERM; returns the seconds until it had ended. One that does not is stuck, and killed."""
        part = self.worker(number)
        began = time.monotonic()
        if (identity := part.identity) is not None:
            identity.send(signal.SIGTERM)
        while part.is_running():
            if time.monotonic() - began > END_SECONDS:
                self.stuck.append(f"{part.name} had not ended {END_SECONDS:.0f} s after SIGTERM")
                break
            time.sleep(POLL_SECONDS)
        seconds = time.monotonic() - began
        part.terminate()
        self._gone(number)
        return seconds

    def _gone(self, number: int) -> None:
        """It ended because it was told to."""
        self._known.pop(number, None)

    def calm(self) -> None:
        """Everything runs, nothing is held, stopped, slowed or full. A part that does not come back is stuck."""
        self.held.clear()
        for proxy in (*self.kafka_proxies, *self.clickhouse_proxies):
            proxy.clear()
        for part in (*self.stack.brokers, self.ledger.face):
            self._ready(part)
        self.tend()
        for number in range(1, self.wanted + 1):
            self._ready(self.worker(number))

    def _ready(self, part: Part) -> None:
        deadline = time.monotonic() + START_SECONDS
        part.start(wait=False)
        while not part.is_ready() and time.monotonic() < deadline:
            if not part.is_running():
                part.start(wait=False)
            time.sleep(POLL_SECONDS)
        if not part.is_ready():
            self.stuck.append(f"{part.name} was not ready {START_SECONDS:.0f} s after the last fault")

    def stop(self) -> None:
        """End the workers, each in time."""
        self.wanted = 0
        for number, part in self.running:
            part.resume()
            self.end(number)


@contextmanager
def staged(
    stack: LocalStack, kafka: list[Proxy], folder: Path, timeline: Timeline, **changes: object
) -> Iterator[Stage]:
    """A stage on the stack, empty, without workers yet; all of it ends with the block."""
    with ExitStack() as open_until_the_end:
        enter = open_until_the_end.enter_context
        ledger = enter(migrated(stack, folder, **changes))
        disk = enter(small_disk(folder / "disk"))
        proxies = [enter(Proxy(ledger.settings.clickhouse_port)) for _ in range(MOST_WORKERS)]
        stage = Stage(stack, ledger, kafka, proxies, disk, timeline)
        try:
            yield stage
        finally:
            for _, part in stage.running:
                try:
                    part.resume()
                    part.terminate()
                except EngineUnreachable:
                    pass
