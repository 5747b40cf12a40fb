"""The local stack as one thing: brokers, the ClickHouse server shim, the topic, the schema and workers.

    secrets, jars, format ─▶ brokers ─┬─▶ topic ──┬─▶ workers ─▶ ready
                             shim ────┴─▶ schema ─┘

What runs is found again through the records in `run/`, so `start` after a crash starts just what is missing, and `stop`
in another process ends what this one started. Whatever `start` began is ended when it fails or is interrupted; when it
is killed, its guard does that.

Why: docs/decisions/0015.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from touchline.errors import EngineUnreachable, WrongUsage
from touchline.kafka.topic import ensure_topic
from touchline.local import identity as identity_module
from touchline.local.ending import exclusive, recorded_workers, stop_all, stop_workers_after
from touchline.local.folder import require_place
from touchline.local.identity import KEEP, ProcessIdentity
from touchline.local.java import ensure_jars, find_java
from touchline.local.kafka import format_cluster, plan_cluster, recorded_brokers
from touchline.local.parts import broker_part, changed_settings, clickhouse_part, settings_environment, worker_part
from touchline.local.ports import LOOPBACK, free_ports
from touchline.local.preflight import check_worker_files
from touchline.local.process import Part, PartSpec
from touchline.local.secrets import ensure_secrets
from touchline.settings import Settings, load_settings

SECRETS = (
    "clickhouse_password", "person_key", "content_key", "payload_key", "write_keys", "erasure_secret", "survey_secret",
)  # fmt: skip


def folder_settings(directory: Path, ports: Literal["free", "fixed"], partitions: int, brokers: int = 1) -> Settings:
    """The project's settings with a stack of its own in `directory`: data, secrets, and free ports unless `fixed`."""
    changes: dict[str, object] = {"local_dir": directory, "state_dir": directory / "state", "partitions": partitions}
    changes |= {f"{name}_file": directory / "secrets" / name for name in SECRETS}
    changes["erasure_register_file"] = directory / "erasures.json"
    if ports == "free":
        first, http, kafka, *_controllers_and_more = free_ports(2 + 2 * brokers)
        changes |= {"clickhouse_port": first, "clickhouse_http_port": http, "kafka_bootstrap": f"{LOOPBACK}:{kafka}"}
    return load_settings(**changes)


class LocalStack:
    """A stack in a folder of its own. As a context manager it starts, and ends all of it.

    `directory` is the stack's `local_dir`: data, logs, records and secrets stand there; Kafka's jars are the project's.
    With `ports="free"` it takes free ports, with `"fixed"` those of the project's settings. `brokers=None` is as many
    as the data were made
    with, else one. `kafka` and `clickhouse` are the first broker and the shim: each can be killed, paused and started
    again, also while workers run. Not for several threads at once.
    """

    def __init__(
        self,
        directory: Path,
        *,
        ports: Literal["free", "fixed"] = "free",
        workers: int = 0,
        brokers: int | None = None,
        partitions: int = 4,
        migrate: bool = True,
        settings: Settings | None = None,
    ) -> None:
        directory = directory.resolve()
        require_place(directory)
        count = brokers or recorded_brokers(directory / "kafka") or 1
        planned = settings or folder_settings(directory, ports, partitions, count)
        self.cluster = plan_cluster(directory / "kafka", planned, count)
        # All of them, so that a client finds its way while the first broker is away.
        self.settings = planned.with_changes(kafka_bootstrap=self.cluster.bootstrap)
        self.environment = settings_environment(self.settings)
        self.progress: Callable[[str], None] = lambda _line: None
        self.jars = load_settings().local_dir / "kafka" / "jars"
        self._migrate = migrate
        self._guard: subprocess.Popen[str] | None = None
        environment = self.environment
        self.brokers = [
            self._part(broker_part(self.cluster, broker, self.jars, environment)) for broker in self.cluster.brokers
        ]
        self.clickhouse = self._part(clickhouse_part(self.settings, environment))
        self.workers = [self._part(worker_part(self.settings, number, environment)) for number in range(1, workers + 1)]

    @classmethod
    def of(cls, settings: Settings, *, workers: int | None = None, brokers: int | None = None) -> Self:
        """The stack that these settings describe; `workers=None` is as many as were started last."""
        count = recorded_workers(settings.local_dir) if workers is None else workers
        return cls(settings.local_dir, workers=count, brokers=brokers, settings=settings)

    @property
    def kafka(self) -> Part:
        """The first broker."""
        return self.brokers[0]

    @property
    def parts(self) -> list[Part]:
        """All parts in the order in which they start."""
        return [*self.brokers, self.clickhouse, *self.workers]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> list[str]:
        """Start what does not run yet and wait until all of it is ready; returns the names of what was started.

        Raises:
            WrongUsage: a port is taken, Maven is missing, the topic has another number of partitions.
            EngineUnreachable: a part did not become ready. Nothing that this call started is left in either case.
        """
        started: list[Part] = []
        with exclusive(self.settings.local_dir, "up"):
            try:
                self._start_engines(started)
                stop_workers_after(self.settings.local_dir, len(self.workers))
                self._start(self.workers, started)
            except BaseException:
                for part in reversed(started):
                    part.terminate()
                if not any(part.is_child for part in self.parts):
                    self.release()
                raise
        return [part.name for part in started]

    def restart_workers(self) -> list[str]:
        """End the workers, and start as many with the settings of now; returns their names when all are ready.

        Raises:
            WrongUsage: no worker was started here, or what one cannot do without is wrong; then those that run go on.
            EngineUnreachable: Kafka or ClickHouse does not run, or a worker did not become ready.
        """
        if not self.workers:
            raise WrongUsage("no worker runs here", "`touchline up` starts one")
        with exclusive(self.settings.local_dir, "up"):
            for engine in (*self.brokers, self.clickhouse):
                if not engine.is_ready():
                    raise EngineUnreachable(f"{engine.name} does not answer", "`touchline up` starts what does not run")
            check_worker_files(self.settings)
            if self._migrate:
                self._migrate_schema()  # the code may be newer than what ran until now
            self.progress(f"ending {', '.join(worker.name for worker in self.workers)}")
            stop_workers_after(self.settings.local_dir, 0)
            self._start(self.workers, [])
        return [worker.name for worker in self.workers]

    def restart_crashed(self) -> list[str]:
        """Start again what ended without being told to; returns the names. What `down` ended stays ended.

        Raises:
            EngineUnreachable: a part did not become ready again.
        """
        if all(part.is_running() for part in self.parts):
            return []
        with exclusive(self.settings.local_dir, "up"):  # a `down` that is under way removes the records first
            crashed = [part for part in self.parts if part.identity is not None and not part.is_running()]
            for part in crashed:
                self.progress(f"{part.name} ended and is started again")
            self._start(crashed, [])
        return [part.name for part in crashed]

    def stop(self) -> list[str]:
        """End everything in the folder, workers first; returns the names of what was ended. What was stored stays."""
        ended = stop_all(self.settings.local_dir)
        self.release()
        return ended

    def release(self) -> None:
        """Let what runs go on when this process ends."""
        for part in self.parts:
            part.release()
        if self._guard is not None:
            self._guard.communicate(f"{KEEP}\n")
            self._guard = None

    def guard(self, started: ProcessIdentity) -> None:
        """End this process, too, when the one that holds this object dies without `stop` or `release`."""
        if self._guard is None:
            command = [sys.executable, "-I", "-S", str(Path(identity_module.__file__))]
            nowhere = (
                subprocess.DEVNULL
            )  # it must not keep the pipe open that somebody reads this command's output from
            self._guard = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, text=True, start_new_session=True
            )
        assert self._guard.stdin is not None
        self._guard.stdin.write(started.as_json() + "\n")
        self._guard.stdin.flush()

    def _start_engines(self, started: list[Part]) -> None:
        java = find_java()
        if self.workers:
            check_worker_files(self.settings)
        ensure_secrets(self.settings)
        ensure_jars(self.jars, self.progress)
        engines = [*self.brokers, self.clickhouse]
        for part in engines:
            if not part.is_running():
                part.require_ports()  # all of them, before anything is written or started
        format_cluster(self.cluster, java, self.jars)
        self._start(engines, started)
        if ensure_topic(self.settings, self.cluster.replication):
            self.progress(f"created topic {self.settings.topic} with {self.settings.partitions} partitions")
        if self._migrate:
            self._migrate_schema()

    def _migrate_schema(self) -> None:
        from touchline.clickhouse.connect import connect, explained
        from touchline.sql.schema.migrate import migrate

        client = connect(self.settings)
        try:
            with explained(self.settings):
                applied = migrate(client)
        finally:
            client.disconnect()
        if applied.migrations:
            self.progress(f"brought the schema to version {applied.migrations[-1].number}")
        if applied.views:
            self.progress(f"made {len(applied.views)} views")

    def _start(self, parts: list[Part], started: list[Part]) -> None:
        """Start parts side by side, then wait for all of them."""
        for part in parts:
            if part.is_running():
                changed = changed_settings(part) if part in self.workers else []
                self.progress(f"{part.name} runs already{_but_by(changed)}")
                continue
            self.progress(f"starting {part.name}")
            started.append(part)
            part.start(wait=False)
        for part in parts:
            part.wait_ready()

    def _part(self, spec: PartSpec) -> Part:
        part = Part(spec, self.settings.local_dir)
        part.on_start = self.guard
        return part


def _but_by(changed: list[str]) -> str:
    return f", by other settings than now ({', '.join(changed)}): `touchline restart` takes them up" if changed else ""
