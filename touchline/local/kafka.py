"""Kafka brokers as parts of the local stack: their configuration and their formatted folders.

One broker is broker and controller in one; three are a quorum of three, so that any one may die. A cluster's folder
says
with how many brokers it was made (`cluster.json`, written after formatting): that number is part of the data.

Why: docs/decisions/0015.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from touchline.errors import TouchlineError, WrongUsage
from touchline.local.java import LOG_CONFIG
from touchline.local.ports import LOOPBACK
from touchline.settings.engines import KafkaSettings

FORMAT_SECONDS = 60
MAX_REPLICATION = 3
# A small heap: records live in the page cache. The quick compiler alone starts in half the time on a busy machine, and
# a broker that moves whole batches gains little from the other.
JVM_FLAGS = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
JVM_FLAGS_SERVER = (*JVM_FLAGS, "-XX:+ExitOnOutOfMemoryError", "-Djava.net.preferIPv4Stack=true")


@dataclass(frozen=True)
class Broker:
    """One broker (and controller) of a local cluster; `directory_id` names its folder in the quorum."""

    node_id: int
    port: int
    controller_port: int
    folder: Path
    directory_id: str

    @property
    def name(self) -> str:
        return "kafka" if self.node_id == 1 else f"kafka-{self.node_id}"

    @property
    def properties_path(self) -> Path:
        return self.folder / "server.properties"

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"


@dataclass(frozen=True)
class Cluster:
    """The brokers of one cluster and the folder that holds them."""

    cluster_id: str
    brokers: tuple[Broker, ...]
    folder: Path

    @property
    def bootstrap(self) -> str:
        """Where clients find the brokers: host:port[,host:port]."""
        return ",".join(f"{LOOPBACK}:{broker.port}" for broker in self.brokers)

    @property
    def replication(self) -> int:
        """Copies of each partition."""
        return min(MAX_REPLICATION, len(self.brokers))


def broker_ports(settings: KafkaSettings, count: int) -> list[int]:
    """Ports of the brokers: as `kafka_bootstrap` lists them, else every second one from the first (controllers have the
    others).

    Raises:
        WrongUsage: `kafka_bootstrap` names another machine or no port.
    """
    ports = []
    for server in settings.kafka_bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        if host not in (LOOPBACK, "localhost") or not port.isdigit():
            raise WrongUsage(
                f"kafka_bootstrap is {settings.kafka_bootstrap!r}, but the local stack runs Kafka on {LOOPBACK} only",
                "set kafka_bootstrap to 127.0.0.1:PORT, or start that Kafka by its own means",
            )
        ports.append(int(port))
    if len(ports) == 1:
        return list(range(ports[0], ports[0] + 2 * count, 2))
    if len(ports) != count:
        raise WrongUsage(f"kafka_bootstrap lists {len(ports)} servers for {count} brokers", "list one or all of them")
    return ports


def recorded_brokers(folder: Path) -> int:
    """With how many brokers the cluster in this folder was made; 0 when there is none."""
    return len(_read_cluster_file(folder).get("directory_ids", []))


def plan_cluster(folder: Path, settings: KafkaSettings, count: int) -> Cluster:
    """The cluster in this folder, or a new one that is not formatted yet.

    Raises:
        WrongUsage: the folder's cluster has another number of brokers.
    """
    recorded = _read_cluster_file(folder)
    if recorded and len(recorded["directory_ids"]) != count:
        raise WrongUsage(
            f"the Kafka data in {folder} were made by {len(recorded['directory_ids'])} broker(s), not {count}",
            f"say --brokers {len(recorded['directory_ids'])}, or remove {folder} to start anew",
        )
    directory_ids = recorded.get("directory_ids") or [new_kafka_id() for _ in range(count)]
    brokers = tuple(
        Broker(number, port, port + 1, folder / f"broker-{number}", directory_id)
        for number, (port, directory_id) in enumerate(
            zip(broker_ports(settings, count), directory_ids, strict=True), start=1
        )
    )
    return Cluster(recorded.get("cluster_id") or new_kafka_id(), brokers, folder)


def new_kafka_id() -> str:
    """A Kafka Uuid: 16 random bytes in URL-safe Base64, never starting with `-`, which a command would take for a
    flag.
    """
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def broker_properties(cluster: Cluster, broker: Broker) -> dict[str, str]:
    """server.properties of one broker."""
    copies = str(cluster.replication)
    least_in_sync = str(max(1, cluster.replication - 1))
    return {
        "process.roles": "broker,controller",
        "node.id": str(broker.node_id),
        "controller.quorum.bootstrap.servers": ",".join(f"{LOOPBACK}:{one.controller_port}" for one in cluster.brokers),
        "listeners": f"BROKER://{LOOPBACK}:{broker.port},CONTROLLER://{LOOPBACK}:{broker.controller_port}",
        "advertised.listeners": f"BROKER://{LOOPBACK}:{broker.port}",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(broker.data_dir.resolve()),
        # A misspelled topic is an error, not a second topic.
        "auto.create.topics.enable": "false",
        # The ledger can be rebuilt from the topic as long as the topic is whole; the local stack deletes nothing by
        # itself.
        "log.retention.ms": "-1",
        "min.insync.replicas": least_in_sync,
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": least_in_sync,
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": least_in_sync,
        "share.coordinator.state.topic.num.partitions": "1",
        # After a kill the controller lets the broker in again when its old session has run out (9 s if not told).
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # Workers that start together need not wait for each other: a rebalance is cheap here.
        "group.initial.rebalance.delay.ms": "0",
        # A worker asks for 6 s; the broker's own lower bound is the same.
        "group.min.session.timeout.ms": "6000",
    }


def prepare_broker(cluster: Cluster, broker: Broker) -> None:
    """Write the configuration; ports may have changed since the last start."""
    broker.folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={value}" for name, value in broker_properties(cluster, broker).items()]
    broker.properties_path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def format_cluster(cluster: Cluster, java: str, jars: Path) -> None:
    """Format the brokers' folders unless that was done; what an interrupted attempt left is removed first.

    Raises:
        TouchlineError: Kafka's own tool failed; says what it said.
    """
    if _read_cluster_file(cluster.folder):
        return
    running = []
    for broker in cluster.brokers:
        shutil.rmtree(broker.data_dir, ignore_errors=True)  # no broker ever ran on it: cluster.json is missing
        prepare_broker(cluster, broker)
        command = [*tool_command(java, jars), "kafka.tools.StorageTool", "format", *_quorum_flags(cluster)]
        command += ["--cluster-id", cluster.cluster_id, "--config", str(broker.properties_path)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for tool in running:
        output, _ = tool.communicate(timeout=FORMAT_SECONDS)
        if tool.returncode != 0:
            raise TouchlineError(f"Kafka could not format its folder:\n{output.strip()[-1000:]}", "`touchline doctor`")
    record = {"cluster_id": cluster.cluster_id, "directory_ids": [broker.directory_id for broker in cluster.brokers]}
    draft = cluster.folder / "cluster.json.draft"
    draft.write_text(json.dumps(record), encoding="utf-8")
    draft.replace(cluster.folder / "cluster.json")


def tool_command(java: str, jars: Path) -> list[str]:
    """Java with Kafka's jars, for its short-lived tools."""
    return [java, *JVM_FLAGS, *_class_flags(jars), *_of_jars(jars)]


def broker_command(java: str, jars: Path, broker: Broker) -> list[str]:
    """The broker itself."""
    return [java, *JVM_FLAGS_SERVER, *_class_flags(jars), *_of_jars(jars), "kafka.Kafka", str(broker.properties_path)]


def archived_classes(jars: Path) -> Path:
    """Where the archive of Kafka's classes stands if there is one (classes.py): beside the jars, with which it goes."""
    return jars.resolve() / "classes.jsa"


def _class_flags(jars: Path) -> tuple[str, ...]:
    # Java does without an archive that does not fit, and would say so in the broker's log.
    archive = archived_classes(jars)
    return (f"-XX:SharedArchiveFile={archive}", "-Xlog:cds*=off") if archive.exists() else ()


def _of_jars(jars: Path) -> tuple[str, ...]:
    return f"-Dlog4j2.configurationFile={LOG_CONFIG}", "-cp", f"{jars.resolve()}/*"


def _quorum_flags(cluster: Cluster) -> list[str]:
    if len(cluster.brokers) == 1:
        return ["--standalone"]
    voters = (f"{one.node_id}@{LOOPBACK}:{one.controller_port}:{one.directory_id}" for one in cluster.brokers)
    return ["--initial-controllers", ",".join(voters)]


def _read_cluster_file(folder: Path) -> dict[str, Any]:
    try:
        recorded: dict[str, Any] = json.loads((folder / "cluster.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return recorded
