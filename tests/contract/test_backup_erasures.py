"""Whoever was erased is erased again when a backup from before is restored: on the real engine, with the real steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.contract.sql.stored import answer, start_anew
from tests.contract.test_backup import client_of, fill
from tests.support.engine import running_engine
from tests.support.ledger_tables import tables_of
from tests.support.opened_files import files_with
from tests.support.requests_to_erase import ask_for_marks, ask_to_erase
from tests.unit.processors.loop.world import TOPIC, batch, event, make_loop, make_pipeline, person_key, records_of
from touchline.backup import again, restore as restoring
from touchline.backup.again import is_followed, wait_followed
from touchline.backup.manifest import FILE_NAME
from touchline.backup.register import REGISTER_NAME, read_registers, write_register
from touchline.backup.restore import Erased, Restored, restore_backup
from touchline.backup.take import take_backup
from touchline.clickhouse.connect import connect_as
from touchline.errors import WrongUsage
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.processors.loop.loop import StoreLoop
from touchline.processors.state.erasures import Erasures
from touchline.processors.values.protocol import Assigned
from touchline.schemas.erasure import ErasureSecret
from touchline.settings import Settings
from touchline.sql.schema.migrate import migrate

SECRET = ErasureSecret(bytes(32))
STORED, NEVER_STORED = person_key(3), person_key(99)
TEXT = "The queue was long"
SENT = [*(event(number, number % 7, number) for number in range(60)), answer(60, 3, 60) | {"comment": TEXT}]
REQUESTS = {"r1": STORED, "r2": NEVER_STORED}


def known(settings: Settings) -> None:
    """The map is the default one, so that every view shows something."""
    with client_of(settings) as client:
        start_anew(client)


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Taken before two persons were erased, one of them stored; the register stands beside it."""
    folder = tmp_path_factory.mktemp("backups")
    with running_engine(tmp_path_factory.mktemp("source")) as settings, client_of(settings) as client:
        known(settings)
        fill(settings, tmp_path_factory.mktemp("state"), SENT)
        take_backup(client, folder / "monday", lambda _line: None)
        write_register(client, settings.erasure_register_file, folder)
        for number, (request, identifier) in enumerate(REQUESTS.items(), 1):
            ask_to_erase(client, number, request, identifier, SECRET, is_done=True)
        ask_for_marks(client, 3, SECRET)
        write_register(client, settings.erasure_register_file)
    return folder / "monday"


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Settings]:
    """An empty engine with the schema and its views."""
    (tmp_path / "target").mkdir()
    with running_engine(tmp_path / "target") as settings:
        yield settings


@contextmanager
def worker(settings: Settings, folder: Path) -> Iterator[StoreLoop]:
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
    folder.mkdir(exist_ok=True)
    loop = make_loop(ledger, folder, pipeline=make_pipeline(erasures=Erasures(SECRET)))
    yield loop
    loop.close()
    ledger.close()


def restored(client: Client, backup: Path, settings: Settings, secret: ErasureSecret | None = SECRET) -> Restored:
    register = read_registers(backup, settings.erasure_register_file)
    return restore_backup(client, backup, lambda _line: None, Erased(register, secret))


def views_that_show(client: Client, key: str) -> list[str]:
    columns = client.execute(
        "SELECT concat(database, '.', table), name FROM system.columns "
        "WHERE database IN ('journey', 'journey_api') AND name IN ('person', 'identifier') AND table NOT IN ("
        "SELECT name FROM system.tables WHERE database = 'journey_api' AND parameterized_view_parameters != [])"
    )
    assert ("journey.touchpoints", "person") in columns
    return [
        view
        for view, column in columns
        if client.execute(f"SELECT count() FROM {view} WHERE {column} = %(key)s", {"key": key}) != [(0,)]
    ]


def test_who_was_erased_after_the_backup_is_gone_again_after_the_next_tick(
    backup: Path, target: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "ARRIVAL_SECONDS", 0.0)
    with client_of(target) as client:
        found = restored(client, backup, target)
        assert (found.again.requests, found.again.identifiers, found.is_followed) == (2, 1, False)
        assert "journey.touchpoints" in views_that_show(client, STORED)
        with worker(target, tmp_path / "worker") as loop:
            loop.tick(Assigned(TOPIC, 0, 9))
            assert is_followed(client, found.again.newest)
            assert views_that_show(client, STORED) == []
            assert client.execute("SELECT sum(erased), min(is_balanced) FROM journey.account") == [(10, 1)]
    # the same as if the events of that person had never come
    (tmp_path / "calm").mkdir()
    with running_engine(tmp_path / "calm") as settings:
        known(settings)
        fill(settings, tmp_path / "calm-state", [one for one in SENT if one["persons"][0]["key"] != STORED])
        ours, wanted = tables_of(target), tables_of(settings)
        of_records = {"account", "ledger", "delay", "quarantine"}
        assert {name for name in wanted if ours[name] != wanted[name]} <= of_records


def test_what_comes_again_of_somebody_the_backup_never_held_is_erased_on_arrival(
    backup: Path, target: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "ARRIVAL_SECONDS", 0.0)
    with client_of(target) as client:
        restored(client, backup, target)
        rows = client.execute("SELECT request, identifier, digest FROM journey_raw.erasures ORDER BY number")
        assert rows == [
            ("r2", "", SECRET.of_identifier(NEVER_STORED).hex()),
            ("r1", STORED, SECRET.of_identifier(STORED).hex()),
        ]
        newest = "SELECT request, argMax(state, at) FROM journey_raw.erasure_states GROUP BY request ORDER BY request"
        assert client.execute(newest) == [("r1", "asked"), ("r2", "done")]
        with worker(target, tmp_path / "worker") as loop:
            loop.store(batch(records_of([*SENT, event(200, 99, 1)])[len(SENT) :], generation=9))
        assert client.execute(
            "SELECT fate, identifier FROM journey_raw.ledger WHERE offset = 61 AND kind = 'received'"
        ) == [("erased", "")]


def test_readers_see_nothing_until_workers_that_run_have_erased_again(
    backup: Path, target: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[str] = []

    def followed(client: Client, newest: int) -> bool:
        with pytest.raises(ServerException) as unseen:
            client.execute("SELECT count() FROM journey.touchpoints")
        waited.append(str(unseen.value.code))
        with worker(target, tmp_path / "worker") as loop:
            loop.tick(Assigned(TOPIC, 0, 9))
        return wait_followed(client, newest)

    monkeypatch.setattr(restoring, "wait_followed", followed)
    with client_of(target) as client:
        assert restored(client, backup, target).is_followed
        assert waited == ["60"]
        assert client.execute("SELECT count() > 0 FROM journey.touchpoints") == [(1,)]
        assert views_that_show(client, STORED) == []


def test_a_restore_that_is_cut_off_while_it_waits_leaves_no_views_and_migrating_makes_them(
    backup: Path, target: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(Exception):
        pass

    def cut(*_: object) -> None:
        raise Cut

    monkeypatch.setattr(restoring, "wait_followed", cut)
    with client_of(target) as client:
        with pytest.raises(Cut):
            restored(client, backup, target)
        with pytest.raises(ServerException):
            client.execute("SELECT count() FROM journey.touchpoints")
        with worker(target, tmp_path / "worker") as loop:
            loop.tick(Assigned(TOPIC, 0, 9))
        assert migrate(client).views
        assert views_that_show(client, STORED) == []


def test_a_backup_that_holds_nobody_who_was_erased_is_restored_as_ever(target: Settings, tmp_path: Path) -> None:
    """Taken after the requests were done: nothing is asked for, and a second restore of the same asks for nothing either."""
    (tmp_path / "source").mkdir()
    with running_engine(tmp_path / "source") as settings, client_of(settings) as client:
        known(settings)
        fill(settings, tmp_path / "state", SENT)
        ask_to_erase(client, 1, "r2", NEVER_STORED, SECRET, is_done=True)
        take_backup(client, tmp_path / "tuesday", lambda _line: None)
        write_register(client, settings.erasure_register_file, tmp_path)
        rows = client.execute("SELECT * FROM journey_raw.erasures")
        states = client.execute("SELECT * FROM journey_raw.erasure_states ORDER BY ALL")
    with client_of(target) as client:
        found = restored(client, tmp_path / "tuesday", target)
        assert (found.again.requests, found.again.rows, found.again.states, found.is_followed) == (1, [], [], True)
        assert client.execute("SELECT * FROM journey_raw.erasures") == rows
        assert client.execute("SELECT * FROM journey_raw.erasure_states ORDER BY ALL") == states


def test_without_the_secret_of_the_requests_nothing_is_restored(backup: Path, target: Settings) -> None:
    with client_of(target) as client:
        for secret in (None, ErasureSecret(bytes(31) + b"1")):
            with pytest.raises(WrongUsage, match="another erasure secret"):
                restored(client, backup, target, secret)
            assert client.execute("SELECT count() FROM journey_raw.ledger") == [(0,)]


def test_manifest_register_and_names_of_files_tell_of_nobody_and_no_file_holds_a_text_in_clear(backup: Path) -> None:
    keys = [person_key(number).partition(":")[2] for number in (*range(7), 99)]
    told = [str(path) for path in backup.rglob("*")]
    told += [
        path.read_bytes().decode("utf-8", "replace")
        for path in (backup / FILE_NAME, backup.parent / REGISTER_NAME, *backup.rglob("*.txt"))
    ]
    assert len(told) > 100
    assert not [key for key in keys for one in told if key in one]
    assert files_with(backup, STORED), "rows that stand hold the key"
    assert not files_with(backup, TEXT)


def test_the_register_holds_no_key_and_no_restore_loses_what_it_knew(
    backup: Path, target: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "ARRIVAL_SECONDS", 0.0)
    beside = backup.parent / REGISTER_NAME
    text = beside.read_text()
    assert beside.stat().st_mode & 0o777 == 0o600
    assert STORED not in text
    assert STORED.partition(":")[2] not in text
    before = read_registers(backup, beside)
    assert {one.digest for one in before.erasures} == {SECRET.of_identifier(key).hex() for key in REQUESTS.values()}
    with client_of(target) as client:
        restored(client, backup, target)
        after = write_register(client, target.erasure_register_file, backup.parent).register
    assert after.erasures == before.erasures
    assert after.newest > before.newest == 3
    assert set(after.states) > set(before.states)
