"""`touchline quarantine` on a real Kafka and a real ledger with a real worker: nothing that is sent again counts twice, whatever dies.

The steps build on each other, in the order of the file: a source is not declared, then it is.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from kafka import KafkaConsumer, KafkaProducer

from tests.support.engines import Ledger
from tests.support.real_worker import RealWorker, ask, real_worker
from touchline.cli.main import run
from touchline.kafka.partitioning import partition_of

PARTITIONS = 4
PERSON = "k1:" + "ab" * 32
SECRET = "jane.doe@example.org"
VISITS = 6
DECLARED = "sources:\n  shell: {legal_basis: contract}\n"
NEW_TILL = "  new-till: {legal_basis: contract}\n"
TABLES = """
SELECT source, event_id, toString(event_time), ifNull(person, ''), touchpoint, cycle, ifNull(transition, ''), ifNull(stage, '')
FROM journey.attachments ORDER BY map, source, event_id
"""


class World:
    """A ledger, its worker, and what senders put on the topic."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger = ledger
        self.folder = folder
        self.sources = folder / "sources.yaml"
        self.sources.write_text(DECLARED)
        self.settings = ledger.settings.with_changes(sources_file=self.sources)
        self.environment = ledger.environment | {"TOUCHLINE_SOURCES_FILE": str(self.sources)}

    def run(self, *arguments: str, status: int = 0) -> str:
        """A command as typed, in this process: a Python for each would cost more than the command."""
        out = io.TextIOWrapper(buffer := io.BytesIO(), encoding="utf-8", write_through=True)
        with mock.patch.dict(os.environ, self.environment), contextlib.redirect_stdout(out):
            assert run(arguments) == status, arguments
        return buffer.getvalue().decode()

    def asked(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self.run("quarantine", *arguments, "--json", status=status))

    def tables(self) -> list[tuple[Any, ...]]:
        return ask(self.settings, TABLES)

    def account(self) -> tuple[Any, ...]:
        names = ("received", "stored", "duplicate", "quarantined")
        return ask(
            self.settings,
            f"SELECT {', '.join(f'sum({name})' for name in names)}, min(is_balanced) FROM journey.account",
        )[0]

    def is_clean(self) -> bool:
        return bool(json.loads(self.run("reconcile", "--wait", "30", "--json"))["is_clean"])


def visit(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "touchline.touchpoint.v1",
        "id": f"visit-{number}",
        "source": "new-till",
        "time": f"2026-03-{number % 28 + 1:02}T10:00:00Z",
        "persons": [{"type": "loyalty", "key": PERSON}],
        "touchpoint": "store_visit",
        "properties": {"note": SECRET},
        **fields,
    }


def records() -> list[tuple[bytes, bytes]]:
    """Six visits of an undeclared source, one of them twice and with its fields in another order; a seventh under another key; junk;
    an impossible time; a visit of a declared source."""
    key = PERSON.encode()
    visits = [visit(number) for number in range(VISITS)]
    other_order = dict(reversed(visits[0].items()))
    other_key = visit(VISITS)
    return [
        *((key, json.dumps(one).encode()) for one in (*visits, other_order)),
        (b"somebody", json.dumps(other_key).encode()),
        (key, f'{{"note": "{SECRET}"'.encode()),
        (key, json.dumps(visit(60, source="shell", time="2100-01-01T00:00:00Z")).encode()),
        (key, json.dumps(visit(70, source="shell")).encode()),
    ]


SENT = len(records())
KEPT_OUT = SENT - 1


@pytest.fixture(scope="module")
def world(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(ledger, tmp_path_factory.mktemp("quarantine"))
    producer = KafkaProducer(bootstrap_servers=world.settings.kafka_bootstrap)
    for key, value in records():
        producer.send(world.settings.topic, key=key, value=value, partition=partition_of(key, PARTITIONS))
    producer.close()
    with real_worker(world.settings, world.folder, "first") as worker:
        worker.wait_stored(SENT)
        worker.end()
    return world


@pytest.fixture(scope="module")
def mended(world: World) -> Iterator[RealWorker]:
    """A worker that knows the new source."""
    world.sources.write_text(DECLARED + NEW_TILL)
    with real_worker(world.settings, world.folder, "second") as worker:
        worker.wait_log("ready")
        yield worker


def test_list_selects_and_its_limit_is_exit_status_4(world: World) -> None:
    found = world.asked("list")
    assert (found["open"], len(found["entries"])) == (KEPT_OUT, KEPT_OUT)
    assert {one["bytes"] for one in found["entries"]} == {"kept"}
    till = world.asked("list", "--source", "new-till", "--reason", "unknown_source", "--field", "source")
    assert till["open"] == VISITS + 2
    assert world.asked("list", "--since", "2027-01-01T00:00:00", "--until", "2027-02-01")["open"] == 0
    assert world.asked("list", "--reason", "not_json")["entries"][0]["source"] is None
    assert world.run("quarantine", "list", "--source", "new-tilll") == "nothing is in quarantine that this selects\n"
    world.run("quarantine", "list", "--limit", "1" + 30 * "0", status=2)
    world.run("quarantine", "list", "--fail-above", str(KEPT_OUT))
    said = world.run("quarantine", "list", "--source", "new-till", "--fail-above", "3", status=4)
    assert "unknown_source" in said


def test_show_tells_shapes_and_no_value_until_asked(world: World) -> None:
    (entry,) = world.asked("list", "--reason", "time_out_of_range")["entries"]
    said = world.run("quarantine", "show", entry["position"])
    assert "time: text of 20 characters" in said
    assert SECRET not in said
    assert PERSON not in said
    assert json.loads(world.run("quarantine", "show", entry["position"], "--raw")) == visit(
        60, source="shell", time="2100-01-01T00:00:00Z"
    )
    world.run("quarantine", "show", "0/999999", status=1)
    world.run("quarantine", "show", "0-1", status=2)


def test_what_the_contract_still_refuses_is_not_sent(world: World) -> None:
    before = world.account()
    with real_worker(world.settings, world.folder, "still-first") as worker:
        outcome = world.asked("replay", "--source", "new-till")
        assert worker.is_alive
    assert (outcome["sent"], outcome["settled"], outcome["refused"]) == (0, 0, VISITS + 2)
    assert outcome["refusals"][0]["why"] == "unknown_source"
    assert world.account() == before


def test_nothing_is_sent_while_the_workers_are_behind(world: World) -> None:
    """Nobody stores: what an earlier run sent could not be known."""
    producer = KafkaProducer(bootstrap_servers=world.settings.kafka_bootstrap)
    producer.send(world.settings.topic, key=PERSON.encode(), value=json.dumps(visit(71, source="shell")).encode())
    producer.close()
    command = [sys.executable, "-m", "touchline", "quarantine", "replay", "--all", "--wait", "0"]
    outcome = subprocess.run(command, env=world.environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert "1 record of topic" in outcome.stderr
    assert "start a worker" in outcome.stderr


def test_a_replay_killed_between_kafka_and_its_settlement_adds_nothing_when_run_again(
    world: World, mended: RealWorker
) -> None:
    mended.wait_stored(SENT + 1)
    planned = world.asked("replay", "--all", "--dry-run")
    assert (planned["sent"], planned["settled"]) == (VISITS + 1, VISITS + 2)
    program = [sys.executable, "-m", "tests.integration.replay_program"]
    killed = subprocess.run(program, env=world.environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout == f"{VISITS + 1}\n"
    mended.wait_stored(SENT + 1 + VISITS + 1)
    assert world.asked("list")["open"] == KEPT_OUT  # it died before it could say so
    tables, account = world.tables(), world.account()
    outcome = world.asked("replay", "--all")
    assert (outcome["sent"], outcome["settled"], outcome["there_already"]) == (0, VISITS + 2, VISITS + 2)
    assert {one["why"]: one["records"] for one in outcome["refusals"]} == {"not_json": 1, "time_out_of_range": 1}
    assert (world.tables(), world.account()) == (tables, account)
    assert [row[1] for row in tables if row[0] == "new-till"] == [f"visit-{number}" for number in range(VISITS + 1)]
    assert world.is_clean()


def test_a_second_replay_changes_no_number(world: World, mended: RealWorker) -> None:
    tables, account = world.tables(), world.account()
    outcome = world.asked("replay", "--all")
    assert (outcome["sent"], outcome["settled"], outcome["refused"]) == (0, 0, 2)
    assert (world.tables(), world.account()) == (tables, account)


def test_an_event_brought_by_replay_is_as_its_sender_would_have_sent_it(world: World) -> None:
    """The original event, personal values masked, under the key that the contract says, with the time that Kafka kept, and the name of what
    it repeats."""
    consumer = KafkaConsumer(
        world.settings.topic,
        bootstrap_servers=world.settings.kafka_bootstrap,
        auto_offset_reset="earliest",
        consumer_timeout_ms=3_000,
    )
    read = list(consumer)
    consumer.close()
    originals = {f"{one.partition}/{one.offset}": one for one in read}
    replays = [one for one in read if dict(one.headers).get("touchline_replay_of")]
    assert len(replays) == VISITS + 1
    for one in replays:
        topic, _, place = dict(one.headers)["touchline_replay_of"].decode().split("/", 2)
        original = originals[place]
        assert topic == world.settings.topic
        assert json.loads(one.value) == json.loads(original.value) | {"properties": {"note": "[mail]"}}
        assert (one.timestamp, one.key) == (original.timestamp, PERSON.encode())
        assert one.partition == partition_of(PERSON.encode(), PARTITIONS)


def test_discard_ends_an_entry_visibly_with_its_reason(world: World, mended: RealWorker) -> None:
    account = world.account()
    world.run("quarantine", "discard", "--reason", "not_json", "--because", "  ", status=2)
    world.run("quarantine", "discard", "--because", "nothing selected", status=2)
    assert world.asked("discard", "--reason", "not_json", "--because", "a broken test")["discarded"] == 1
    assert world.asked("discard", "--reason", "not_json", "--because", "once more")["discarded"] == 0
    query = "SELECT toString(reason), toString(outcome), note FROM journey.quarantine_settled WHERE reason = 'not_json'"
    assert ask(world.settings, query) == [("not_json", "discarded", "a broken test")]
    assert ask(world.settings, "SELECT toString(reason) FROM journey.quarantine") == [("time_out_of_range",)]
    settled = world.asked("list", "--settled")["entries"]
    assert {one["outcome"] for one in settled} == {"replayed", "discarded"}
    assert world.account() == account
    assert world.is_clean()


def test_a_worker_that_does_not_know_what_was_mended_leaves_one_open_entry(world: World, mended: RealWorker) -> None:
    """The command knows the source, the worker does not yet: its refusal is settled as a repetition, the entry stays open until the
    worker's own sources.yaml declares it, which it reads again by itself."""
    producer = KafkaProducer(bootstrap_servers=world.settings.kafka_bootstrap)
    event = json.dumps(visit(80, source="newest-till")).encode()
    producer.send(world.settings.topic, key=PERSON.encode(), value=event)
    producer.close()
    assert world.is_clean()
    declared = DECLARED + NEW_TILL + "  newest-till: {legal_basis: contract}\n"
    (world.folder / "elsewhere.yaml").write_text(declared)
    with mock.patch.dict(world.environment, {"TOUCHLINE_SOURCES_FILE": str(world.folder / "elsewhere.yaml")}):
        for _ in range(2):
            outcome = world.asked("replay", "--source", "newest-till")
            assert (outcome["sent"], outcome["settled"], outcome["refused"]) == (1, 0, 1)
            assert "sources.yaml of the workers" in outcome["refusals"][0]["remedy"]
        assert world.asked("list", "--source", "newest-till")["open"] == 1
    world.sources.write_text(declared)
    outcome = world.asked("replay", "--source", "newest-till")
    assert (outcome["sent"], outcome["settled"], outcome["refused"]) == (1, 1, 0)
    assert world.asked("list", "--source", "newest-till")["open"] == 0
    assert [row[1] for row in world.tables() if row[0] == "newest-till"] == ["visit-80"]
    assert world.is_clean()
