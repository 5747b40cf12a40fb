"""Backups on the real engine: whole or none, nothing overwritten, damage found, and no writer of the empty ledger gets through."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.support.documents import ROOT, blocks_of
from tests.support.engine import running_engine
from tests.support.ledger_tables import tables_of
from tests.support.requests_to_erase import ask_to_erase
from tests.unit.processors.loop.world import batch, event, make_loop, make_pipeline, person_key, records_of
from touchline.backup import restore as restoring
from touchline.backup.manifest import FILE_NAME, Manifest
from touchline.backup.register import Register, read_tables
from touchline.backup.restore import ASIDE, Erased, erase_again, restore_backup
from touchline.backup.tables import data_tables
from touchline.backup.take import take_backup
from touchline.clickhouse.connect import connect, connect_as
from touchline.errors import NotClean, TouchlineError, WrongUsage
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.columns import MARK
from touchline.processors.ledger.ledger import LedgerUnavailable, Mark, Stream, WriterFenced
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.ledger.rows import Block, build_insert
from touchline.schemas.erasure import ErasureSecret
from touchline.settings import Settings
from touchline.sql.schema.migrate import expected_schema_version, migrate, roll_back, schema_version

STREAM = Stream("events", "T1", 0)
EVENTS = 60
NOBODY = Erased(Register(written_at=datetime(2026, 1, 1, tzinfo=UTC)), None)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """An engine with some inserts of two streams, a registered place and a settlement."""
    with running_engine(tmp_path_factory.mktemp("source")) as settings:
        fill(settings, tmp_path_factory.mktemp("state"))
        yield settings


@pytest.fixture(scope="module")
def backup(source: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backups") / "monday"
    with client_of(source) as client:
        take_backup(client, folder, lambda _line: None)
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Settings]:
    """An empty engine without a schema."""
    (tmp_path / "target").mkdir()
    with running_engine(tmp_path / "target", migrated=False) as settings:
        yield settings


@contextmanager
def client_of(settings: Settings) -> Iterator[Client]:
    client = connect(settings)
    try:
        yield client
    finally:
        client.disconnect()


SENT = [event(number % 50, number % 7, number) for number in range(EVENTS)]


def fill(settings: Settings, state: Path, sent: Sequence[dict[str, Any]] = SENT) -> None:
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
    state.mkdir(exist_ok=True)
    loop = make_loop(ledger, state, pipeline=make_pipeline())
    records = records_of(sent)
    for start in range(0, len(records), 20):
        loop.store(batch(records[start : start + 20]))
    loop.close()
    with client_of(settings) as client:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        client.execute("INSERT INTO journey_raw.places VALUES", [("s1", "Store 1", "shop", "UTC", "", "", "", now)])
        client.execute("INSERT INTO journey_raw.settlements VALUES", [("events/T1/0", 3, "discarded", "test", now)])


def shadows(settings: Settings) -> list[Path]:
    """Frozen files that were left on the server's disk."""
    with client_of(settings) as client:
        disks = [Path(path) for (path,) in client.execute("SELECT path FROM system.disks")]
    return [file for disk in disks for file in (disk / "shadow").glob("touchline_*/**/*") if file.is_file()]


def test_a_backup_is_restored_whole_with_its_schema_and_leaves_nothing_frozen(
    source: Settings, backup: Path, target: Settings
) -> None:
    assert shadows(source) == []
    manifest = Manifest.read(backup)
    assert manifest.schema_version == expected_schema_version()
    with client_of(target) as client:
        assert restore_backup(client, backup, lambda _line: None, NOBODY).manifest == manifest
        assert schema_version(client) == expected_schema_version()
        assert client.execute("SELECT count() FROM journey_raw.ledger") == [(manifest.tables["ledger"].rows,)]
        assert client.execute("SELECT count() FROM journey_raw.settlements") == [(1,)]
        assert client.execute("SELECT count() FROM journey_raw.fence") == [(0,)]
    assert tables_of(target) == tables_of(source)
    assert tables_of(target)["dim_place"][0] == 1


def test_nothing_is_overwritten(source: Settings, backup: Path, tmp_path: Path) -> None:
    with client_of(source) as client:
        before = tables_of(source)
        with pytest.raises(WrongUsage, match=r"ClickHouse holds data already: journey_raw.ledger"):
            restore_backup(client, backup, lambda _line: None, NOBODY)
        assert tables_of(source) == before
        (tmp_path / "kept").mkdir()
        (tmp_path / "kept" / "file").write_text("kept")
        with pytest.raises(WrongUsage, match="not empty"):
            take_backup(client, tmp_path / "kept", lambda _line: None)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["file"]


def test_a_backup_that_was_cut_off_is_none(source: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copytree = shutil.copytree

    def full(source_dir: Path, target_dir: Path, *options: Any) -> Path:
        if "places" in Path(target_dir).parts:
            raise OSError(28, "No space left on device", str(target_dir))
        return Path(copytree(source_dir, target_dir, *options))

    monkeypatch.setattr("touchline.backup.take.shutil.copytree", full)
    with client_of(source) as client, pytest.raises(TouchlineError, match="No space left") as caught:
        take_backup(client, tmp_path / "cut", lambda _line: None)
    assert "free space" in caught.value.hint
    assert not (tmp_path / "cut").exists()
    assert shadows(source) == []
    for folder in (tmp_path / "cut.part", tmp_path):
        with pytest.raises(WrongUsage, match="holds no backup"):
            Manifest.read(folder)
    monkeypatch.undo()
    with client_of(source) as client:
        take_backup(client, tmp_path / "cut", lambda _line: None)
    assert (tmp_path / "cut" / FILE_NAME).is_file()


def test_a_restore_that_was_cut_off_is_run_again(
    source: Settings, backup: Path, target: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(Exception):
        pass

    def cut(*_: object) -> None:
        raise Cut

    with client_of(target) as client:
        monkeypatch.setattr(restoring, "_check", cut)
        with pytest.raises(Cut):
            restore_backup(client, backup, lambda _line: None, NOBODY)
        monkeypatch.undo()
        ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, target))
        with pytest.raises(LedgerUnavailable, match="code 60"):
            ledger.acquire(STREAM, 1, "a")  # a worker waits: half a ledger is none
        ledger.close()
        restore_backup(client, backup, lambda _line: None, NOBODY)
    assert tables_of(target) == tables_of(source)


def test_a_damaged_part_is_found_and_never_in_use(
    source: Settings, backup: Path, target: Settings, tmp_path: Path
) -> None:
    damaged = Path(shutil.copytree(backup, tmp_path / "damaged"))
    data = max((damaged / "ledger").rglob("*.bin"), key=lambda path: path.stat().st_size)
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    with client_of(target) as client:
        with pytest.raises(NotClean):
            restore_backup(client, damaged, lambda _line: None, NOBODY)
        names = client.execute("SELECT name FROM system.tables WHERE database = 'journey_raw' AND name LIKE 'ledger%'")
        assert names == [(ASIDE,)]
        restore_backup(client, backup, lambda _line: None, NOBODY)
    assert tables_of(target) == tables_of(source)


def test_a_writer_that_took_the_empty_ledger_is_fenced_after_the_restore(backup: Path, target: Settings) -> None:
    """A worker that ran on: it read that nothing is stored, slept through the restore, and inserts what Kafka's first records became."""
    with client_of(target) as client:
        migrate(client)
        ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, target))
        assert ledger.acquire(STREAM, 9, "quick") == Mark(0, -1)
        restore_backup(client, backup, lambda _line: None, NOBODY)
        first = Block("mark", MARK, 1, [19], [("quick", 9, 0, 0, {"received": 20, "stored": 20}, {}, 0, "", 0)])
        with pytest.raises(WriterFenced):
            ledger.insert(build_insert(STREAM.name, 0, 1, 1, [first]))
        assert ledger.acquire(STREAM, 9, "quick") == Mark(3, EVENTS - 1)
        ledger.close()
        assert client.execute("SELECT count() FROM journey_raw.ledger") == [
            (Manifest.read(backup).tables["ledger"].rows,)
        ]


def test_a_backup_of_another_schema_is_refused_before_anything_is_changed(
    backup: Path, target: Settings, tmp_path: Path
) -> None:
    with client_of(target) as client:
        newer = Path(shutil.copytree(backup, tmp_path / "newer"))
        manifest = Manifest.read(newer)
        manifest.model_copy(update={"schema_version": expected_schema_version() + 1}).write(newer)
        with pytest.raises(WrongUsage, match="this release knows versions up to"):
            restore_backup(client, newer, lambda _line: None, NOBODY)
        manifest.model_copy(update={"format": 2}).write(newer)
        with pytest.raises(WrongUsage, match="format 2"):
            restore_backup(client, newer, lambda _line: None, NOBODY)
        assert schema_version(client) == 0
        migrate(client)
        older = Path(shutil.copytree(backup, tmp_path / "older"))
        manifest.model_copy(update={"schema_version": expected_schema_version() - 1}).write(older)
        with pytest.raises(WrongUsage, match=f"schema version {expected_schema_version()}") as caught:
            restore_backup(client, older, lambda _line: None, NOBODY)
        assert "drop the empty databases" in caught.value.hint


def test_a_backup_of_an_earlier_schema_is_restored_under_it_and_migrated_then(target: Settings, tmp_path: Path) -> None:
    """Taken by the release before: its parts go back under its schema, and what came since is applied to them."""
    known = expected_schema_version()
    (tmp_path / "old").mkdir()
    with running_engine(tmp_path / "old") as settings:
        fill(settings, tmp_path / "state")
        with client_of(settings) as client:
            before = tables_of(settings)
            roll_back(client, to_version=known - 1)
            manifest = take_backup(client, tmp_path / "backup", lambda _line: None)
    assert manifest.schema_version == known - 1
    said: list[str] = []
    with client_of(target) as client:
        restore_backup(client, tmp_path / "backup", said.append, NOBODY)
        assert schema_version(client) == known
    assert [line for line in said if line.startswith("applied ")]
    assert tables_of(target) == before


def test_the_statements_for_a_server_elsewhere_do_the_same(source: Settings, target: Settings) -> None:
    """Those of docs/operations.md, verbatim; between two engines a folder stands for the store of backups."""
    blocks = {
        block.words[1]: block.text
        for block in blocks_of(ROOT / "docs" / "operations.md")
        if "statements" in block.words
    }
    with client_of(source) as client:
        for name in ("backup", "restore"):
            assert {table.name for table in data_tables(client)} <= set(
                re.findall(r"TABLE journey_raw\.(\w+)", blocks[name])
            )
        run(client, blocks["backup"])
    with client_of(target) as client:
        migrate(client)
        ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, target))
        ledger.acquire(STREAM, 9, "quick")
        made, wanted = (Path(one.local_dir).parent / "data" / "backups" for one in (source, target))
        shutil.copytree(made, wanted, dirs_exist_ok=True)
        run(client, blocks["restore"])
        secret, person = ErasureSecret(bytes(32)), person_key(3)
        ask_to_erase(client, 1, "r1", person, secret, is_done=True)
        known = read_tables(client, datetime.now(UTC))
        client.execute("TRUNCATE TABLE journey_raw.erasures")
        again = erase_again(client, Erased(known, secret))
        assert [(one.number, one.identifier) for one in again.rows] == [(2, person)]
        for table in ("erasures", "erasure_states"):
            client.execute(f"TRUNCATE TABLE journey_raw.{table}")
        run(client, blocks["rename"])
        ledger.close()
        assert client.execute("SELECT count() FROM journey_raw.fence") == [(0,)]
    assert tables_of(target) == tables_of(source)


def run(client: Client, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            client.execute(statement)
