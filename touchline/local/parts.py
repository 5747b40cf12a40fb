"""What the parts of the stack are: brokers, the ClickHouse server shim, workers; how each is started and known to be
ready.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from touchline.errors import EngineUnreachable, TouchlineError
from touchline.kafka.admin import broker_is_ready
from touchline.local.commands import touchline_command
from touchline.local.java import find_java
from touchline.local.kafka import Broker, Cluster, broker_command, prepare_broker
from touchline.local.ports import LOOPBACK, STACK_MARK, accepts, free_ports, is_free
from touchline.local.process import ListeningPort, Part, PartSpec, read_record, read_record_fields
from touchline.processors.worker.health import says_ready, troubles_said
from touchline.settings import ENV_PREFIX, Settings

KAFKA_READY_SECONDS = 60.0
FACE_READY_SECONDS = 60.0
WORKER_READY_SECONDS = 60.0
ANSWER_SECONDS = 3.0
WORKER_HTTP = "health and metrics"


def settings_environment(settings: Settings) -> dict[str, str]:
    """The environment in which any `touchline` process has exactly these settings, and belongs to this stack."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    given = {
        # An empty text is what a setting without a value reads as.
        ENV_PREFIX + name.upper(): ",".join(value) if isinstance(value, list) else "" if value is None else str(value)
        for name, value in values.items()
    }
    return {**inherited, **given, STACK_MARK: str(settings.local_dir.resolve()), "PYTHONUNBUFFERED": "1"}


def changed_settings(part: Part) -> list[str]:
    """Settings by which a part that runs was started otherwise than it would be now; what comes and goes with a release is left out."""
    try:
        had = psutil.Process(part.pid).environ()
    except (psutil.Error, EngineUnreachable):
        return []
    now = part.spec.environment
    names = {name for name in had.keys() & now.keys() if name.startswith(ENV_PREFIX)}
    return sorted(name.removeprefix(ENV_PREFIX).lower() for name in names if had[name] != now[name])


def broker_part(cluster: Cluster, broker: Broker, jars: Path, environment: Mapping[str, str]) -> PartSpec:
    """One Kafka broker."""
    return PartSpec(
        name=broker.name,
        command=lambda: broker_command(find_java(), jars, broker),
        environment=environment,
        ports=(
            ListeningPort(broker.port, "clients", "kafka_bootstrap"),
            ListeningPort(broker.controller_port, "controller, the port after the clients'", "kafka_bootstrap"),
        ),
        is_ready=lambda: broker_is_ready(f"{LOOPBACK}:{broker.port}", broker.node_id),
        ready_seconds=KAFKA_READY_SECONDS,
        prepare=lambda: prepare_broker(cluster, broker),
    )


def clickhouse_part(settings: Settings, environment: Mapping[str, str]) -> PartSpec:
    """The ClickHouse engine behind its native and HTTP protocols."""
    command = [sys.executable, "-m", "touchline.local.clickhouse", "--path", str(settings.local_dir / "clickhouse")]
    command += ["--port", str(settings.clickhouse_port), "--http-port", str(settings.clickhouse_http_port)]
    command += ["--user", settings.clickhouse_user, "--password-file", str(settings.clickhouse_password_file)]
    return PartSpec(
        name="clickhouse",
        command=lambda: command,
        environment={**environment, "TZ": "UTC"},  # a time without a zone is the same on every machine
        ports=(
            ListeningPort(settings.clickhouse_port, "native protocol", "clickhouse_port"),
            ListeningPort(settings.clickhouse_http_port, "HTTP", "clickhouse_http_port"),
        ),
        is_ready=lambda: accepts(settings.clickhouse_http_port) and clickhouse_answers(settings),
        ready_seconds=FACE_READY_SECONDS,
    )


def worker_part(settings: Settings, number: int, environment: Mapping[str, str]) -> PartSpec:
    """One worker, ready when it says so in a file: it has joined its group, and does not stand still."""
    name = "worker" if number == 1 else f"worker-{number}"
    run_dir = settings.local_dir.resolve() / "run"
    ready_file = run_dir / f"{name}.ready"
    port = _worker_port(settings, number, run_dir / f"{name}.json")
    return PartSpec(
        name=name,
        command=lambda: touchline_command("worker", "--ready-file", str(ready_file)),
        environment={
            **environment,
            ENV_PREFIX + "STATE_DIR": str(settings.state_dir / name),
            ENV_PREFIX + "WORKER_HTTP_PORT": str(port),
        },
        ports=(ListeningPort(port, WORKER_HTTP, "worker_http_port"),),
        is_ready=lambda: says_ready(ready_file),
        ready_seconds=WORKER_READY_SECONDS,
        prepare=lambda: ready_file.unlink(missing_ok=True),
        troubles=lambda: troubles_said(ready_file),
    )


def _worker_port(settings: Settings, number: int, record_path: Path) -> int:
    """The n-th after the one of the settings; else the one that it has had, if it runs or the port is still free; else any free one."""
    if settings.worker_http_port is not None:
        return settings.worker_http_port + number - 1
    identity = read_record(record_path)
    for port in read_record_fields(record_path).get("ports", []):
        if port["purpose"] == WORKER_HTTP and ((identity and identity.is_alive()) or is_free(port["number"])):
            return int(port["number"])
    return free_ports(1)[0]


def clickhouse_answers(settings: Settings) -> bool:
    """The shim takes this stack's password and runs a query."""
    if settings.clickhouse_host not in (LOOPBACK, "localhost") or not accepts(settings.clickhouse_port):
        return False
    from clickhouse_driver.errors import Error

    from touchline.clickhouse.connect import connect

    try:
        client = connect(settings, timeout_seconds=ANSWER_SECONDS)
        try:
            return bool(client.execute("SELECT 1") == [(1,)])
        finally:
            client.disconnect()
    except (Error, TouchlineError, EOFError, OSError):
        return False
