"""`touchline erase` on a real engine with real workers over two partitions: requests, their completion after any kill, the certificate."""

from __future__ import annotations

import json
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.support.engine import running_engine
from tests.support.erasures import SECRET
from tests.support.ports import free_port
from tests.unit.processors.loop.two_partitions import (
    PARTITIONS,
    TICKS_TO_REST,
    Workers,
    answer,
    receipt,
    records_by_partition,
)
from tests.unit.processors.loop.world import CIPHER, MAP, SOURCES, person_key
from touchline.account.accounts import check_balance, check_rows, read_accounts
from touchline.account.erasures import BLANK, COUNTS_NOWHERE, DONE as DONE_CHECK, check_erasures
from touchline.backup.register import Register
from touchline.cli.main import run
from touchline.clickhouse.connect import connect, connect_as
from touchline.erasure.certificate import Certificate, digest_of
from touchline.erasure.look import Places, look
from touchline.erasure.run import Around, Kafka, ask, complete, open_requests
from touchline.erasure.tables import (
    ask_again_where_numbers_meet,
    read_requests,
    read_times,
    rows_of,
    write_rows,
    write_states,
)
from touchline.erasure.values import ASKED, DONE, RETRACTED, Target
from touchline.erasure.wait import not_retracted, wait_for
from touchline.erasure.whom import Named, subjects_of
from touchline.errors import NotClean, WrongUsage
from touchline.local.parts import settings_environment
from touchline.map_changes.start import register_configuration
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.schemas.erasure import ErasureSecret
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings

PERSONS = 60
KEYS = PersonKeys("k1", bytes(32))
NAMED = [("login", "ada"), ("login", "bob"), ("loyalty", "4711"), ("login", "cleo"), ("household", "12")]
UNTIL_US = 1_900_000_000_000_000
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def on_the_tablet() -> list[dict[str, Any]]:
    """Fay logs in, then Gil; a household names the tablet in Fay's time."""
    tablet, home, fay, gil = ("device", "tablet"), ("household", "12"), ("login", "fay"), ("login", "gil")
    told = [(10, [fay, tablet]), (20, [tablet]), (30, [home, tablet]), (40, [gil, tablet]), (50, [tablet])]
    return [
        receipt(3_000 + minute, None, minute)
        | {"persons": [{"type": kind, "key": KEYS.key(kind, value)} for kind, value in who]}
        for minute, who in told
    ]


class Shop:
    """Workers over one ledger; `working` lets them tick by themselves."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.client = connect(settings)
        register_configuration(self.client, [parse_map(MAP)], SOURCES)
        events: list[dict[str, Any]] = []
        for person in range(PERSONS):
            events += [receipt(3 * person, person, person), receipt(3 * person + 1, person, 100 + person)]
            events.append(answer(3 * person + 2, person, 200 + person, 3 * person, comment=f"words of {person}"))
        for number, (name, value) in enumerate(NAMED):
            of_name = {"persons": [{"type": name, "key": KEYS.key(name, value)}], "properties": {"note": "kept"}}
            events += [receipt(1_000 + 2 * number + minute, None, minute) | of_name for minute in range(2)]
        dora: dict[str, str] = {"type": "login", "key": KEYS.key("login", "dora")}
        raw = dora | {"key": KEYS.key("login", "eve"), "value": "dora"}
        for place, one in enumerate((dora, raw)):
            events.append(receipt(2_000 + place, None, 1) | {"persons": [one], "time": "yesterday"})
        hal = {"persons": [{"type": "login", "key": KEYS.key("login", "hal")}]}
        said = {
            "type": "touchline.consent.v1",
            "state": "withdrawn",
            "consent_id": "c1",
            "effective_at": "2026-03-01T00:00:00Z",
        }
        events += [receipt(4_000, None, 1) | hal]
        events.append({name: events[-1][name] for name in ("source", "time", "persons")} | said | {"id": "w1"})
        events += on_the_tablet()
        self.ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, settings))
        self.workers = Workers(
            self.ledger,
            folder,
            records_by_partition(events),
            now_ms=lambda: time.time_ns() // 1_000_000,
        )
        for number in range(PARTITIONS):
            self.workers.deliver(number, 10_000)
        for number in [*range(PARTITIONS)] * TICKS_TO_REST:
            self.workers.tick(number)

    def close(self) -> None:
        self.workers.close()
        self.ledger.close()
        self.client.disconnect()

    @contextmanager
    def working(self) -> Iterator[None]:
        ends = threading.Event()

        def work() -> None:
            while not ends.is_set():
                for number in range(PARTITIONS):
                    self.workers.tick(number)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            ends.set()
            thread.join()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with running_engine(tmp_path_factory.mktemp("erasing")) as settings:
        yield settings


@pytest.fixture(scope="module")
def shop(engine: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(engine, tmp_path_factory.mktemp("workers"))
    yield shop
    shop.close()


def places(client: Client) -> Places:
    return Places(client, CIPHER, [])


def begin(client: Client, *persons: int, how: str = "erase") -> list[str]:
    known = subjects_of(client, [Named([person_key(one)]) for one in persons], UNTIL_US)
    assert len(known) == len(persons)
    return ask(client, SECRET, how, list(zip(known, look(places(client), known), strict=True)), NOW)


def end(client: Client, ids: Sequence[str], timeout_seconds: float = 60.0) -> list[Certificate]:
    around = Around(lambda: None, lambda: Kafka("events", None), lambda _: None, timeout_seconds)
    return complete(places(client), SECRET, ids, {}, around)


def rows_naming(client: Client, person: int) -> int:
    return rows_of_key(client, person_key(person))


def rows_of_key(client: Client, key: str) -> int:
    ((rows,),) = client.execute(
        "SELECT count() FROM journey_raw.ledger WHERE %(key)s IN (identifier, linked_identifier, person)", {"key": key}
    )
    ((requests,),) = client.execute("SELECT count() FROM journey_raw.erasures WHERE identifier = %(key)s", {"key": key})
    return int(rows + requests)


def test_a_request_is_followed_blanked_and_certified(shop: Shop) -> None:
    client = shop.client
    with shop.working():
        (made,) = begin(client, 0)
        (certificate,) = end(client, [made])
    assert certificate["sha256"] == digest_of(certificate)
    assert {(one["kind"], one["fate"]): one["standing"] for one in certificate["before"]["rows"]} == {
        ("received", "stored"): 3,
        ("attached", ""): 3,
    }
    assert (certificate["before"]["comments"], certificate["after"]["rows"]) == (1, [])
    assert rows_naming(client, 0) == 0
    (found,) = [one for one in read_requests(client) if one.id == made]
    assert (found.state, json.loads(found.draft)) == (DONE, certificate)
    assert set(read_times(client, [made])[made]) == {ASKED, RETRACTED, DONE}


def test_several_persons_are_erased_in_one_go_each_with_a_certificate_of_its_own(shop: Shop) -> None:
    client = shop.client
    with shop.working():
        made = begin(client, 1, 2, how="anonymise")
        certificates = end(client, made)
    assert [one["request"] for one in certificates] == made
    assert [one["how"] for one in certificates] == ["anonymise"] * 2
    assert [rows_naming(client, one) for one in (1, 2)] == [0, 0]


def test_without_workers_the_command_ends_and_the_same_request_goes_on_later(shop: Shop) -> None:
    client = shop.client
    made = begin(client, 3)
    with pytest.raises(NotClean, match="partition"):
        end(client, made, 0.2)
    assert [one.id for one in open_requests(read_requests(client), SECRET, [person_key(3)])] == made
    assert open_requests(read_requests(client), SECRET, [person_key(4)]) == []
    assert list(check_erasures(client, NOW)) == []  # it is new
    later = NOW + timedelta(hours=1)
    assert [(one.check, one.subject) for one in check_erasures(client, later)] == [(DONE_CHECK, f"request {made[0]}")]
    with shop.working():
        end(client, made)
    assert rows_naming(client, 3) == 0
    assert list(check_erasures(client, later)) == []


def test_reconcile_tells_what_counts_again_of_a_request_and_what_is_not_blank(shop: Shop) -> None:
    client = shop.client
    (made,) = begin(client, 5)
    write_states(client, RETRACTED, {made: read_requests(client)[-1].draft})  # as if workers had said so
    found = {one.check: one.said for one in check_erasures(client, NOW)}
    assert found == {COUNTS_NOWHERE: "6 rows of it still count"}
    with shop.working():
        assert wait_for(lambda: not_retracted(client, read_requests(client)[-1:]), lambda _: None, 60).is_over
    far = datetime.now(UTC) + timedelta(hours=1)
    assert {one.check for one in check_erasures(client, far)} == {DONE_CHECK, BLANK}
    with shop.working():
        end(client, [made])
    assert list(check_erasures(client, far)) == []


def test_another_secret_is_refused(shop: Shop) -> None:
    made = begin(shop.client, 4)
    with pytest.raises(WrongUsage, match="another erasure secret"):
        open_requests(read_requests(shop.client), ErasureSecret(bytes(32)))
    with shop.working():
        end(shop.client, made)


class Killed(BaseException):
    """The command ends between two statements."""


class KilledClient:
    """A client whose command is killed at its so-and-so-many-th statement that changes the tables: before it, or after. (Of its tables in
    memory other tests tell.)"""

    def __init__(self, client: Client, at: int, *, after: bool) -> None:
        self._client, self._left, self._after = client, at, after

    def execute(self, sql: str, *arguments: Any, **options: Any) -> Any:
        if not sql.startswith(("INSERT INTO journey_raw.erasure", "ALTER")):
            return self._client.execute(sql, *arguments, **options)
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        done = self._client.execute(sql, *arguments, **options)
        if self._left == 0:
            raise Killed
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def test_killed_at_each_of_its_statements_and_run_again_the_command_ends_complete(shop: Shop) -> None:
    """As a user does: the same two persons are named again. What it had asked for is completed, and nothing is asked for twice."""
    client, first, at, kills = shop.client, 10, 0, 0
    with shop.working():
        while first < PERSONS:
            at += 1
            persons = (first, first + 1)
            keys = [person_key(one) for one in persons]
            before = len(read_requests(client))
            try:
                killed: Any = KilledClient(client, at, after=bool(at % 2))
                end(killed, begin(killed, *persons))
                is_killed = False
            except Killed:
                is_killed = True
                kills += 1
            half_done = open_requests(read_requests(client), SECRET, keys)
            if half_done:
                end(client, [one.id for one in half_done])
            elif subjects_of(client, [Named([one]) for one in keys], UNTIL_US):
                end(client, begin(client, *persons))
            assert [rows_naming(client, one) for one in persons] == [0, 0], (at, persons)
            assert len(read_requests(client)) == before + 2
            for newest in read_requests(client)[-2:]:
                assert newest.state == DONE
                certificate = json.loads(newest.draft)
                assert certificate["sha256"] == digest_of(certificate)
                assert (certificate["before"]["comments"], certificate["after"]["rows"]) == (1, [])
            if not is_killed:
                break
            first += 2
    assert kills >= 8
    ((left,),) = client.execute(
        "SELECT count() FROM system.tables WHERE database = 'journey_raw' AND engine IN ('Join', 'Memory')"
    )
    assert left == 1  # the fence


def target(key: str) -> Target:
    return Target(key, "login", 0, UNTIL_US)


def test_two_that_ask_at_once_get_numbers_of_their_own(engine: Settings, shop: Shop) -> None:
    made: dict[str, list[int]] = {}

    def write(name: str) -> None:
        client = connect(engine)
        made[name] = write_rows(client, rows_of(name, "erase", [target(f"{name} {n}") for n in range(3)], SECRET, NOW))
        client.disconnect()

    threads = [threading.Thread(target=write, args=(f"together {number}",)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    numbers = [number for one in made.values() for number in one]
    assert len(set(numbers)) == len(numbers) == 12
    forget(shop.client)


def test_who_was_killed_before_it_saw_that_its_numbers_are_anothers_gets_new_ones(shop: Shop) -> None:
    client = shop.client
    write_rows(client, rows_of("first", "erase", [target("a"), target("b")], SECRET, NOW))
    ((newest,),) = client.execute("SELECT max(number) FROM journey_raw.erasures")
    rows = rows_of("second", "erase", [target("c")], SECRET, NOW)
    client.execute("INSERT INTO journey_raw.erasures VALUES", [(newest, *rows[0])])
    for _ in range(2):
        ask_again_where_numbers_meet(client, ["second"])
    second = next(one for one in read_requests(client) if one.id == "second")
    assert list(second.numbers) == [newest, newest + 1]
    assert second.targets == [target("c")] * 2
    forget(client)


def forget(client: Client) -> None:
    """The requests of tests that nobody follows."""
    client.execute(
        "DELETE FROM journey_raw.erasures WHERE request IN (SELECT request FROM journey_raw.erasures WHERE asked_at = %(now)s AND "
        "request NOT IN (SELECT request FROM journey_raw.erasure_states))",
        {"now": NOW},
    )


def test_a_state_without_rows_is_no_request(shop: Shop) -> None:
    write_states(shop.client, ASKED, {"killed before its rows": "{}"})
    assert "killed before its rows" not in [one.id for one in read_requests(shop.client)]


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    engine: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs `touchline erase` with the secrets of the tests, without Kafka; gives exit status, output and errors."""
    texts = {
        "payload_key": f"p1:{'00' * 32}",
        "person_key": f"k1:{'00' * 32}",
        "erasure_secret": bytes(range(32)).hex(),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(f"{text}\n")
    files = {f"{name}_file": tmp_path / name for name in texts}
    own = engine.with_changes(
        **files, erasure_register_file=tmp_path / "erasures.json", kafka_bootstrap=f"127.0.0.1:{free_port()}"
    )
    for name, value in settings_environment(own).items():
        monkeypatch.setenv(name, value)

    def called(*words: str) -> tuple[int, str, str]:
        status = run(["erase", *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return called


def test_the_command_shows_what_it_found_asks_for_consent_and_writes_the_certificate_for_its_owner_alone(
    shop: Shop, command: Command, tmp_path: Path
) -> None:
    before = len(read_requests(shop.client))
    status, told, found = command("login:ada", "--dry-run")
    assert (status, told) == (0, "")
    assert "received stored" in found
    status, _, refused = command("login:ada")
    assert status == 2
    assert "--yes" in refused
    assert len(read_requests(shop.client)) == before
    with shop.working():
        status, told, _ = command("login:ada", "--yes", "--json", "--out", str(tmp_path / "out"))
    assert status == 0
    (certificate,) = json.loads(told)["certificates"]
    assert certificate["kafka"]["how"] == "unknown"
    files = sorted((tmp_path / "out").iterdir())
    assert [one.suffix for one in files] == [".json", ".txt"]
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}
    assert json.loads(files[0].read_text()) == certificate
    assert digest_of(certificate) == certificate["sha256"]
    key = KEYS.key("login", "ada")
    assert not [one for one in (told, *(one.read_text() for one in files)) if "ada" in one or key in one]
    status, listed, _ = command("--list", "--json")
    assert json.loads(listed)["requests"][-1] | {"asked_at": "", "state_at": ""} == {
        "request": certificate["request"], "how": "erase", "identifiers": 1, "asked_at": "", "state": "done", "state_at": "",
    }  # fmt: skip
    status, told, _ = command("--certificate", certificate["request"])
    assert (status, certificate["sha256"] in told) == (0, True)
    register = Register.read(tmp_path / "erasures.json")
    assert register is not None
    assert (certificate["request"], "done") in [(one.request, one.state) for one in register.states]
    status, _, told = command("login:ada", "--yes")
    assert (status, certificate["request"] in told) == (1, True)


def test_a_file_names_several_persons_each_once_and_a_wrong_line_by_its_number(
    shop: Shop, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "left.txt"
    file.write_text(f"login:bob\n\n{KEYS.key('loyalty', '4711')}\nloyalty:4711\nlogin:bob\n")
    with shop.working():
        status, told, _ = command(str(file), "--yes", "--json", "--anonymise")
    assert status == 0
    certificates = json.loads(told)["certificates"]
    assert sorted(list(one["identifiers"].items()) for one in certificates) == [[("login", 1)], [("loyalty", 1)]]
    assert {one["how"] for one in certificates} == {"anonymise"}
    file.write_text("login:bob\nno name at all\n")
    status, _, told = command(str(file), "--yes")
    assert (status, "line 2" in told, "no name" in told) == (2, True, False)


def test_who_withdrew_a_consent_is_erased_and_not_anonymised(shop: Shop, command: Command) -> None:
    before = len(read_requests(shop.client))
    status, _, told = command("login:hal", "--anonymise", "--yes")
    assert (status, "1 person withdrew a consent" in told) == (2, True)
    assert len(read_requests(shop.client)) == before
    with shop.working():
        assert command("login:hal", "--yes")[0] == 0


def test_a_household_cannot_be_named_and_nobody_is_told_of_whom_nothing_is_kept(shop: Shop, command: Command) -> None:
    status, _, told = command("household:12", "--dry-run")
    assert (status, "household" in told) == (2, True)
    status, _, told = command("login:nobody", "--dry-run")
    assert (status, "nothing is kept" in told) == (1, True)
    status, told, _ = command("login:nobody", "--dry-run", "--json")
    assert (status, json.loads(told)) == (1, {"persons": [], "half_done": []})
    status, _, told = command("--until", "2099-01-01T00:00:00Z", "login:cleo")
    assert (status, "future" in told) == (2, True)


def test_what_is_half_done_goes_on_with_resume_and_by_the_same_name(shop: Shop, command: Command) -> None:
    status, _, told = command("login:cleo", "--yes", "--timeout", "0")
    assert (status, "partition" in told) == (4, True)
    status, told, _ = command("--list", "--json")
    made = json.loads(told)["requests"][-1]
    assert made["state"] == "asked"
    _, told, _ = command("login:cleo", "--dry-run", "--json")
    assert json.loads(told) == {"persons": [], "half_done": [made["request"]]}
    _, told, _ = command(KEYS.key("login", "cleo")[:20], "--dry-run", "--json")
    assert json.loads(told)["half_done"] == [made["request"]]
    with shop.working():
        status, told, _ = command("--resume", "--json")
    assert [one["request"] for one in json.loads(told)["certificates"]] == [made["request"]]
    status, told, _ = command("--resume", "--json")
    assert (status, json.loads(told)) == (0, {"certificates": [], "files": []})


def test_records_in_quarantine_that_name_a_person_by_key_or_raw_value_lose_their_bytes(
    shop: Shop, command: Command
) -> None:
    kept = "SELECT countIf(payload != '') FROM journey_raw.ledger WHERE kind = 'received' AND fate = 'quarantined'"
    ((before,),) = shop.client.execute(kept)
    with shop.working():
        status, told, _ = command("login:dora", "--yes", "--json")
    (certificate,) = json.loads(told)["certificates"]
    assert (status, certificate["before"]["quarantine"], certificate["after"]["quarantine"]) == (0, 2, 0)
    ((after,),) = shop.client.execute(kept)
    assert before - after == 2
    assert list(check_balance(read_accounts(shop.client))) == []
    assert list(check_rows(shop.client, read_accounts(shop.client))) == []


def test_of_a_shared_device_what_happened_in_the_persons_time_goes_and_what_is_others_stays(
    shop: Shop, command: Command
) -> None:
    with shop.working():
        status, told, _ = command("login:fay", "--yes", "--json")
    assert status == 0
    (certificate,) = json.loads(told)["certificates"]
    assert (certificate["identifiers"], certificate["shared_device_times"]) == ({"device": 1, "login": 1}, 1)
    assert rows_of_key(shop.client, KEYS.key("login", "fay")) == 0
    stored = (
        "SELECT event_id FROM journey_raw.ledger WHERE kind = 'received' AND fate = 'stored' AND identifier = %(key)s"
    )
    assert shop.client.execute(stored, {"key": KEYS.key("device", "tablet")}) == [("e3050",)]
    assert ("e3030",) in shop.client.execute(stored, {"key": KEYS.key("household", "12")})
    status, told, _ = command("device:tablet", "--dry-run", "--json")
    assert (status, json.loads(told)["persons"][0]["identifiers"]) == (0, {"device": 1, "login": 1})
