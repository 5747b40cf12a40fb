"""Real engines for tests: one Kafka and one face of ClickHouse a run, and a ledger for each module that asks for one.

`stack` is the session's `LocalStack` (no schema, no worker), `ledger` a module's own face with the schema and a fresh
topic on the session's Kafka, `empty_face` the same without the schema. Whatever is started here ends with the test run,
also when that is killed (the stack's guard).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.commands import run_command

if TYPE_CHECKING:
    from touchline.local.process import Part
    from touchline.local.stack import LocalStack
    from touchline.settings import Settings

PARTITIONS = 4
_topic_numbers = itertools.count(1)


class Ledger(NamedTuple):
    """Settings of one face and one topic, the face's process, and the environment for `touchline` subprocesses."""

    settings: Settings
    face: Part
    environment: dict[str, str]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Kafka and a face on free ports; Kafka's jars are fetched when they are missing. Restart what you kill."""
    from touchline.local.stack import LocalStack

    with LocalStack(tmp_path_factory.mktemp("stack"), partitions=PARTITIONS, migrate=False) as running:
        yield running


@pytest.fixture(scope="module")
def empty_face(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A face without any schema, and a fresh topic."""
    with bare_face(stack, tmp_path_factory.mktemp("face")) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def ledger(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A face with the migrated schema, and a fresh topic."""
    with own_face(stack, tmp_path_factory.mktemp("ledger")) as ledger:
        yield ledger


def fresh_topic(stack: LocalStack, partitions: int = PARTITIONS) -> str:
    """Create a topic that no test has used; returns its name."""
    from touchline.kafka.topic import ensure_topic

    topic = f"events-{next(_topic_numbers)}"
    ensure_topic(stack.settings.with_changes(topic=topic, partitions=partitions), stack.cluster.replication)
    return topic


@contextmanager
def own_face(stack: LocalStack, folder: Path, **changes: object) -> Iterator[Ledger]:
    """A second face beside the session's, with the schema of this release and its own data, topic, consumer group and worker state."""
    from tests.support.engine import begin_with_schema

    begin_with_schema(folder / "clickhouse")
    with bare_face(stack, folder, **changes) as ledger:
        yield ledger


@contextmanager
def bare_face(stack: LocalStack, folder: Path, **changes: object) -> Iterator[Ledger]:
    """The same without the schema."""
    from touchline.local.parts import clickhouse_part, settings_environment
    from touchline.local.ports import free_ports
    from touchline.local.process import Part

    native, http = free_ports(2)
    topic = fresh_topic(stack, int(str(changes.get("partitions", PARTITIONS))))
    own = {"local_dir": folder, "state_dir": folder / "state", "topic": topic, "consumer_group": f"touchline-{topic}"}
    own["erasure_register_file"] = folder / "erasures.json"
    ports = {"clickhouse_port": native, "clickhouse_http_port": http}
    settings = stack.settings.with_changes(**{**own, **ports, **changes})
    environment = settings_environment(settings)
    face = Part(clickhouse_part(settings, environment), folder)
    face.on_start = stack.guard
    face.start()
    try:
        yield Ledger(settings, face, environment)
    finally:
        face.terminate()


@contextmanager
def own_face_with_worker(stack: LocalStack, folder: Path, **changes: object) -> Iterator[Ledger]:
    """The same with a worker that has not joined its group yet."""
    with own_face(stack, folder, **changes) as ledger, working(stack, ledger, folder):
        yield ledger


@contextmanager
def working(stack: LocalStack, ledger: Ledger, folder: Path) -> Iterator[Part]:
    """A worker on the ledger, its log in the folder."""
    from touchline.local.parts import worker_part
    from touchline.local.process import Part

    worker = Part(worker_part(ledger.settings, 1, ledger.environment), folder)
    worker.on_start = stack.guard
    worker.start()
    try:
        yield worker
    finally:
        worker.terminate()


def touchline(ledger: Ledger, *arguments: str, status: int = 0) -> str:
    """Run a `touchline` command on a ledger's settings and check its exit status; returns its standard output."""
    outcome = run_command(arguments, ledger.environment)
    assert outcome.status == status, f"{arguments}: status {outcome.status}\n{outcome.stdout}\n{outcome.stderr}"
    return outcome.stdout
