"""Planted personal values, sent by every way in and asked for by every way to look, stand nowhere: not in Kafka, in no file of the engine,
in no cache, outbox, log, metric, message or backup. Bytes are searched, and what is compressed in them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.planted import ways
from tests.support.planted.care import by_care_and_surveys, look_after, persons_kept
from tests.support.planted.search import Hit, hits_in, pattern_of, search
from tests.support.planted.values import CONTROL, TOPIC, Planted
from tests.support.planted.world import World, world
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from touchline.clickhouse.connect import connect
from touchline.clickhouse.http import stream_query
from touchline.schemas.erasure import ErasureSecret
from touchline.schemas.identifiers import PersonKeys
from touchline.settings import Settings

OWN = (
    ways.BY_FLAGS, ways.BY_LINES, ways.BY_HTTP, ways.BY_HEADERS, ways.BY_FILE, ways.BY_ROWS, ways.BY_CLICKS, ways.BY_OUTBOX, ways.TYPED,
    ways.ASKED, ways.STRICT,
)  # fmt: skip
SEEN = (
    "local/kafka/", "local/clickhouse/", "local/log/worker.log", "log/collector.log", "outbox-while-kafka-was-away/", "outbox/",
    "outbox-of-collector/", "backup/ledger/", "state/", "said/", "metrics/worker", "care/care.sqlite", "care/outbox/",
    "outbox-of-surveys/", "log/care.log", "log/surveys.log", "metrics/care", "metrics/surveys",
)  # fmt: skip
"""Where the search must find what is no secret."""
WITH_KEYS = {
    "local/kafka/", "local/clickhouse/", "outbox-of-collector/", "backup/ledger/", "state/", "care/care.sqlite", "care/outbox/",
    "outbox-of-surveys/",
}  # fmt: skip
"""Where person keys stand before an erasure."""
KEYS_ALONE = {"state/", "outbox-of-surveys/"}
TOLD_BY = {
    TOPIC: ["local/log/worker.log"], "care_started": ["log/care.log"], "caught_up": ["log/surveys.log"],
    "touchline_ready": ["metrics/worker", "metrics/care", "metrics/surveys"],
}  # fmt: skip
"""What is looked for where the control does not stand."""
HELD = """
SELECT concat(database, '.', name) FROM system.tables
WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') AND (engine LIKE '%MergeTree' OR engine = 'Join')
"""


LEAVERS = (ways.BY_HTTP, ways.BY_FILE)
"""Of one the collector's outbox holds records, of the other the quarantine."""
AT_ONCE = "old_parts_lifetime = 1, cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 1"


class Searched(NamedTuple):
    """What was found after everything had stopped, and in the tables while the engine ran."""

    values: set[Hit]
    controls: set[Hit]
    keys: set[Hit]
    tables: dict[str, set[str]]
    """Values in each."""
    has_control: bool
    """Whether the ledger, asked the same way, has it."""


class Erased(NamedTuple):
    """What was found of the keys of who was erased, and of somebody else's; and the register."""

    keys: set[Hit]
    others: set[Hit]
    register: list[tuple[str, str]]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All ways in and all ways to look."""
    with world(tmp_path_factory.mktemp("planted")) as running:
        for way in (
            ways.by_outbox, ways.by_shell, ways.by_collector, ways.by_files, ways.by_simulator, ways.by_foreign_client, ways.by_wrong_usage,
        ):  # fmt: skip
            way(running)
        wait_until_at_rest(running.settings)
        by_care_and_surveys(running)
        ways.by_asking(running)
        yield running


@pytest.fixture(scope="module")
def searched(used: World) -> Searched:
    """After a clean end."""
    force_merges(used)
    rows = dict(tables_of(used))
    values = pattern_of([*(needle for one in (*OWN, ways.BY_FOREIGN) for needle in one.needles), ways.CLIENT])
    end(used)
    controls = search(used.root, pattern_of([CONTROL, *TOLD_BY]))
    keys = search(used.root, pattern_of(keys_of(used, ways.BY_HTTP)))
    tables = {name: hits_in(held, values) for name, held in rows.items()}
    return Searched(search(used.root, values), controls, keys, tables, CONTROL.encode() in rows["journey_raw.ledger"])


@pytest.fixture(scope="module")
def erased(used: World, searched: Searched) -> Erased:
    """Two persons are erased, and all ends again. What was shown and saved before is not looked at any more."""
    used.stack.start()
    for name in ("said", "backup", "metrics"):
        (used.root / name).rename(used.given / name)
    used.said.mkdir()
    outbox = f"outbox_dir={used.root / 'outbox-of-collector'}"
    names = used.give("leavers", "".join(f"mail:{one.mail}\n" for one in LEAVERS))
    used.run("erase", names, "--yes", "--out", str(used.root / "certificates"), "--set", outbox)
    used.run("erase", "--resume", "--set", f"outbox_dir={used.root / 'outbox-of-surveys'}")
    look_after(used)
    wait_until_state_forgets(used)
    force_merges(used)
    wait_for_old_parts(used)
    register = register_of(used.settings)
    end(used)
    keys, others = (pattern_of(keys_of(used, *some)) for some in (LEAVERS, [ways.BY_FLAGS]))
    return Erased(search(used.root, keys), search(used.root, others), register)


def end(running: World) -> None:
    """Back up, ask for the metrics, and stop everything."""
    running.run("backup", str(running.root / "backup"))
    running.keep_metrics("worker", running.settings.worker_http_port or 0)
    running.stack.stop()


def keys_of(running: World, *persons: Planted) -> list[str]:
    """The person keys of all their identifiers."""
    keys = PersonKeys.from_file(running.settings.person_key_file)
    return [keys.key(kind, value) for one in persons for kind, value in one.identifiers]


def register_of(settings: Settings) -> list[tuple[str, str]]:
    """Identifier and digest of each row of the register that names somebody."""
    return ask(settings, "SELECT identifier, digest FROM journey_raw.erasures WHERE digest != ''")


def wait_until_state_forgets(running: World, seconds: float = 20.0) -> None:
    """Workers rewrite their caches when a request is done."""
    deadline, keys = time.monotonic() + seconds, pattern_of(keys_of(running, *LEAVERS))
    while search(running.root / "state", keys):
        assert time.monotonic() < deadline, "a cache keeps a key"
        time.sleep(0.5)


def wait_for_old_parts(running: World, seconds: float = 40.0) -> None:
    """Until the server has dropped the parts that it replaced."""
    deadline, left = (
        time.monotonic() + seconds,
        "SELECT count() FROM system.parts WHERE database = 'journey_raw' AND NOT active",
    )
    while ask(running.settings, left) != [(0,)]:
        assert time.monotonic() < deadline, "the server keeps old parts"
        time.sleep(0.2)


def force_merges(running: World) -> None:
    """Each table in one part, and parts that were replaced go at once: by default the server keeps them for eight minutes."""
    client = connect(running.settings)
    try:
        for (table,) in client.execute(HELD + " AND engine LIKE '%MergeTree'"):
            client.execute(f"OPTIMIZE TABLE {table} FINAL")
            client.execute(f"ALTER TABLE {table} MODIFY SETTING {AT_ONCE}")
    finally:
        client.disconnect()


def tables_of(running: World) -> Iterator[tuple[str, bytes]]:
    """Every table that holds rows, system tables included, with all that a reader is told of it."""
    client = connect(running.settings)
    names = [name for (name,) in client.execute(HELD)]
    names += [f"system.{name}" for (name,) in client.execute("SHOW TABLES FROM system LIKE '%log%'")]
    client.disconnect()
    for name in names:
        yield name, b"".join(stream_query(running.settings, f"SELECT * FROM {name}", "TSV"))


def test_the_search_sees_every_place(searched: Searched) -> None:
    seen = {(one.text, folder) for one in searched.controls for folder in SEEN if one.file.startswith(folder)}
    said = {folder: text for text, folders in TOLD_BY.items() for folder in folders}
    assert {(said.get(folder, CONTROL), folder) for folder in SEEN if folder not in KEYS_ALONE} - seen == set()
    assert {folder for folder in SEEN for one in searched.keys if one.file.startswith(folder)} >= WITH_KEYS
    assert any(one.place == "backup" and ".proj/" not in one.file for one in searched.keys), (
        "a column that is compressed well"
    )


def test_values_of_our_own_ways_in_are_nowhere(searched: Searched) -> None:
    foreign = {needle.lower() for needle in ways.BY_FOREIGN.needles}
    assert sorted(one for one in searched.values if one.text not in foreign) == []


def test_what_a_foreign_client_wrote_stands_in_kafka_and_nowhere_else(searched: Searched) -> None:
    foreign = {needle.lower() for needle in ways.BY_FOREIGN.needles}
    found = {one for one in searched.values if one.text in foreign}
    assert {one.file.split("/")[1] for one in found} == {"kafka"}


def test_no_table_and_no_log_of_the_engine_holds_a_value(searched: Searched) -> None:
    assert searched.has_control
    assert {name: found for name, found in searched.tables.items() if found} == {}


def test_after_an_erasure_the_keys_too_are_nowhere_but_as_digests_in_the_register(used: World, erased: Erased) -> None:
    in_kafka = {one.place + "/" + one.file.split("/")[1] for one in erased.keys}
    assert in_kafka <= {"local/kafka"}, "records go when Kafka's retention is over"
    assert {folder for folder in SEEN for one in erased.others if one.file.startswith(folder)} >= WITH_KEYS - {
        "outbox-of-collector/", "outbox-of-surveys/", "care/outbox/",
    }  # fmt: skip
    assert persons_kept(used).isdisjoint(keys_of(used, *LEAVERS))
    assert persons_kept(used)
    certificates = [json.loads(path.read_text()) for path in (used.root / "certificates").glob("*.json")]
    assert sorted(one["before"]["alerts"] for one in certificates) == [2, 4], "two sinks; one person has two cases"
    assert {one["after"]["alerts"] for one in certificates} == {0}
    secret = ErasureSecret.from_file(used.settings.erasure_secret_file)
    digests = {secret.of_identifier(key).hex() for key in keys_of(used, *LEAVERS)}
    assert {digest for _, digest in erased.register} == digests
    assert {identifier for identifier, _ in erased.register} == {""}
