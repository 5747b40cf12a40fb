"""The parts of a running stack, one by one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.engines import Ledger, bare_face, fresh_topic
from touchline.clickhouse.connect import connect
from touchline.kafka.admin import admin_client
from touchline.kafka.topic import find_topic

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack


def test_every_part_is_ready_and_listens_on_the_loopback_interface_only(stack: LocalStack) -> None:
    import psutil

    for part in (stack.kafka, stack.clickhouse):
        assert part.is_ready()
        listening = [one for one in psutil.Process(part.pid).net_connections() if one.status == psutil.CONN_LISTEN]
        assert {one.laddr.port for one in listening} == {port.number for port in part.spec.ports}
        assert {one.laddr.ip.removeprefix("::ffff:") for one in listening} == {"127.0.0.1"}


def test_the_topic_has_the_configured_partitions_and_no_other_topic_appears_by_itself(stack: LocalStack) -> None:
    with admin_client(stack.settings.kafka_bootstrap) as admin:
        described = find_topic(admin, stack.settings.topic)
        assert described is not None
        assert described.partition_count == stack.settings.partitions
        assert find_topic(admin, "misspelled") is None
        assert "misspelled" not in admin.list_topics()


def test_a_module_gets_a_face_and_a_topic_of_its_own(stack: LocalStack, empty_face: Ledger) -> None:
    assert empty_face.settings.topic != stack.settings.topic
    assert fresh_topic(stack) != empty_face.settings.topic
    client = connect(empty_face.settings)
    assert client.execute("SELECT count() FROM system.databases WHERE name = 'journey_raw'") == [(0,)]
    client.disconnect()


def test_the_zone_of_clickhouse_is_utc_whatever_the_zone_of_the_machine(
    stack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Chatham")
    with bare_face(stack, tmp_path) as face:
        client = connect(face.settings)
        assert client.execute("SELECT serverTimezone(), toUnixTimestamp('1970-01-02 00:00:00')") == [("UTC", 86_400)]
        client.disconnect()


def test_starting_a_running_stack_again_starts_nothing(stack: LocalStack) -> None:
    pids = [part.pid for part in stack.parts]
    assert stack.start() == []
    assert [part.pid for part in stack.parts] == pids
