"""The configuration of local brokers."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.local.kafka import (
    archived_classes,
    broker_command,
    broker_ports,
    broker_properties,
    new_kafka_id,
    plan_cluster,
    recorded_brokers,
    tool_command,
)
from touchline.settings import load_settings


def test_one_broker_listens_on_the_loopback_interface_and_creates_no_topics(tmp_path: Path) -> None:
    cluster = plan_cluster(tmp_path, load_settings(kafka_bootstrap="127.0.0.1:29092"), 1)
    properties = broker_properties(cluster, cluster.brokers[0])
    assert properties["listeners"] == "BROKER://127.0.0.1:29092,CONTROLLER://127.0.0.1:29093"
    assert properties["auto.create.topics.enable"] == "false"
    assert properties["group.initial.rebalance.delay.ms"] == "0"
    factors = {name: value for name, value in properties.items() if name.endswith("replication.factor")}
    assert factors
    assert set(factors.values()) == {"1"}


def test_three_brokers_are_a_quorum_that_survives_the_loss_of_one(tmp_path: Path) -> None:
    cluster = plan_cluster(tmp_path, load_settings(kafka_bootstrap="127.0.0.1:29092"), 3)
    assert [(one.name, one.port, one.controller_port) for one in cluster.brokers] == [
        ("kafka", 29092, 29093),
        ("kafka-2", 29094, 29095),
        ("kafka-3", 29096, 29097),
    ]
    properties = broker_properties(cluster, cluster.brokers[2])
    assert properties["min.insync.replicas"] == "2"
    assert properties["offsets.topic.replication.factor"] == "3"
    assert properties["controller.quorum.bootstrap.servers"].count(":") == 3


def test_the_number_of_brokers_is_part_of_the_data(tmp_path: Path) -> None:
    record = {"cluster_id": "abc", "directory_ids": ["one", "two", "three"]}
    (tmp_path / "cluster.json").write_text(json.dumps(record), encoding="utf-8")
    assert recorded_brokers(tmp_path) == 3
    assert plan_cluster(tmp_path, load_settings(), 3).brokers[2].directory_id == "three"
    with pytest.raises(WrongUsage, match=r"made by 3 broker\(s\), not 1"):
        plan_cluster(tmp_path, load_settings(), 1)


@pytest.mark.parametrize("bootstrap", ["kafka.example.com:9092", "127.0.0.1", "127.0.0.1:9092,10.0.0.7:9092"])
def test_a_bootstrap_elsewhere_is_refused_by_the_local_stack(bootstrap: str) -> None:
    with pytest.raises(WrongUsage, match=r"127\.0\.0\.1 only"):
        broker_ports(load_settings(kafka_bootstrap=bootstrap), 1)


def test_listed_ports_are_taken_as_they_are() -> None:
    assert broker_ports(load_settings(kafka_bootstrap="127.0.0.1:7001,localhost:7011"), 2) == [7001, 7011]
    with pytest.raises(WrongUsage, match="lists 2 servers for 3 brokers"):
        broker_ports(load_settings(kafka_bootstrap="127.0.0.1:7001,localhost:7011"), 3)


def test_a_kafka_id_is_sixteen_bytes_and_never_looks_like_a_flag() -> None:
    ids = {new_kafka_id() for _ in range(500)}
    assert len(ids) == 500
    for text in ids:
        assert len(base64.urlsafe_b64decode(text + "==")) == 16
        assert not text.startswith("-")


def test_java_is_told_of_an_archive_of_classes_where_there_is_one(tmp_path: Path) -> None:
    (broker,) = plan_cluster(tmp_path, load_settings(), 1).brokers

    def commands() -> str:
        return " ".join(tool_command("java", tmp_path) + broker_command("java", tmp_path, broker))

    assert "SharedArchiveFile" not in commands()
    archived_classes(tmp_path).write_bytes(b"")
    assert commands().count(f"-XX:SharedArchiveFile={archived_classes(tmp_path)}") == 2
