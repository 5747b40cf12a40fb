"""What runs, where it listens, how far it is: the answer of `touchline status`, as values."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

from touchline.errors import TouchlineError, WrongUsage
from touchline.kafka.offsets import lag
from touchline.kafka.topic import count_partitions
from touchline.local.java import kafka_version
from touchline.local.process import MIB, Part, read_record_fields
from touchline.local.stack import LocalStack
from touchline.schemas.sources import load_sources
from touchline.settings import Settings

if TYPE_CHECKING:
    from touchline.erasure.under_way import OpenRequests


class PartState(StrEnum):
    """How a part is. Closed set, also in `status --json`."""

    READY = "ready"
    NOT_ANSWERING = "not answering"
    NOT_READY = "not ready"
    """It answers, and says why it does not do all of its work."""
    CRASHED = "crashed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Trouble:
    """What is wrong, and what to do about it."""

    what: str
    hint: str


@dataclass(frozen=True)
class PartStatus:
    """One part. `pid`, `memory_mib` and `up_seconds` are 0 unless it runs. `troubles` is why it is not ready, where it says so."""

    name: str
    state: PartState
    version: str
    ports: dict[str, int] = field(default_factory=dict)
    pid: int = 0
    memory_mib: int = 0
    up_seconds: int = 0
    troubles: list[Trouble] = field(default_factory=list)


@dataclass(frozen=True)
class StackStatus:
    """All parts; `lag` is the records that Kafka has and the workers have not yet stored, None when Kafka does not
    say. `sources` is why sources.yaml cannot be read: workers that run go by what it said before. `maps` has a sentence for each version
    of a map that is being applied; `erasures` are the requests to erase that are not done.
    """

    folder: str
    parts: list[PartStatus]
    lag: int | None
    sources: Trouble | None = None
    maps: list[str] = field(default_factory=list)
    erasures: list[OpenRequests] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Every part is."""
        return all(part.state is PartState.READY for part in self.parts)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        found = asdict(self) | {"erasures": [one.as_object() for one in self.erasures]}
        return {"folder": found["folder"], "ready": self.is_ready} | found


def stack_status(stack: LocalStack) -> StackStatus:
    """Ask every part; takes at most a few seconds when one does not answer."""
    parts = [_part_status(part, stack.settings) for part in stack.parts]
    has_kafka = any(part.state is PartState.READY for part in parts if part.name.startswith("kafka"))
    waiting = lag(stack.settings) if has_kafka else None
    sources = _sources_trouble(stack) if stack.workers else None
    is_ready = stack.clickhouse.name in (part.name for part in parts if part.state is PartState.READY)
    partitions = count_partitions(stack.settings) if has_kafka and is_ready else None
    maps, erasures = under_way(stack.settings, partitions) if is_ready else ([], [])
    return StackStatus(str(stack.settings.local_dir), parts, waiting, sources, maps, erasures)


def _sources_trouble(stack: LocalStack) -> Trouble | None:
    try:
        load_sources(stack.settings.sources_file)
    except WrongUsage as error:
        return Trouble(error.what, error.hint)
    return None


def _part_status(part: Part, settings: Settings) -> PartStatus:
    ports = {port.purpose: port.number for port in part.spec.ports}
    identity = part.identity
    if identity is None or not identity.is_alive():
        state = PartState.STOPPED if identity is None else PartState.CRASHED
        return PartStatus(part.name, state, _version(part, settings, PartState.STOPPED), ports)
    is_ready = part.is_ready()
    troubles = [] if is_ready else [Trouble(*one) for one in part.spec.troubles()]
    state = PartState.READY if is_ready else PartState.NOT_READY if troubles else PartState.NOT_ANSWERING
    up_seconds = int(time.time() - float(read_record_fields(part.record_path).get("started_at", time.time())))
    memory_mib = part.memory_bytes() // MIB
    version = _version(part, settings, state)
    return PartStatus(part.name, state, version, ports, identity.pid, memory_mib, up_seconds, troubles)


def _version(part: Part, settings: Settings, state: PartState) -> str:
    if part.name.startswith("kafka"):
        return kafka_version()
    if part.name.startswith("worker"):
        return version_of("touchline")
    return clickhouse_version(settings) if state is PartState.READY else ""


def under_way(settings: Settings, partitions: int | None) -> tuple[list[str], list[OpenRequests]]:
    """A sentence for each version of a map that is being applied, and the requests to erase that are not done; nothing where
    ClickHouse does not say. `partitions`: how many the topic has, where Kafka says."""
    from clickhouse_driver.errors import Error

    from touchline.clickhouse.connect import connect
    from touchline.erasure.under_way import read_open_requests
    from touchline.map_changes.progress import read_versions, what_is_under_way

    client = connect(settings, timeout_seconds=5)
    try:
        return list(what_is_under_way(read_versions(client))), read_open_requests(client, partitions)
    except (Error, TouchlineError, EOFError, OSError):
        return [], []
    finally:
        client.disconnect()


def clickhouse_version(settings: Settings) -> str:
    """What the engine calls itself; empty when it does not answer."""
    from clickhouse_driver.errors import Error

    from touchline.clickhouse.connect import connect

    client = connect(settings, timeout_seconds=5)
    try:
        return str(client.execute("SELECT version()")[0][0])
    except (Error, TouchlineError, EOFError, OSError):
        return ""
    finally:
        client.disconnect()
