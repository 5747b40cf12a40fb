"""`touchline export` on a ledger that the real steps stored: all of one person, nothing of another, and written down first."""

from __future__ import annotations

import json
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.contract.sql.stored import answer, start_anew, store
from tests.support.pages import read_page
from tests.unit.processors.loop.world import CIPHER, event
from touchline.cli.main import run
from touchline.comments.readings import read_log
from touchline.export.page import page_of
from touchline.export.read import export_person, read_export
from touchline.export.rows import SEALED, TECHNICAL
from touchline.export.values import FORMAT, SOMEBODY_ELSE, Export, Named
from touchline.export.words import Language
from touchline.local.parts import settings_environment
from touchline.processors.steps.cipher import Cipher
from touchline.schemas.identifiers import PersonKeys
from touchline.settings import Settings

KEYS = PersonKeys("k1", bytes(32))
JANE, CARD, JOHN = KEYS.key("login", "jane"), KEYS.key("loyalty", "4711"), KEYS.key("login", "john")
BROWSER = KEYS.key("anonymous", "abc")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def who(*names: tuple[str, str]) -> dict[str, Any]:
    return {"persons": [{"type": kind, "key": KEYS.key(kind, value)} for kind, value in names]}


def linked(number: int, minute: int, *names: tuple[str, str]) -> dict[str, Any]:
    common = event(number, None, minute)
    del common["touchpoint"]
    return common | {"id": f"i{number}", "type": "touchline.identify.v1"} | who(*names)


def stated(number: int, minute: int, state: str, *names: tuple[str, str]) -> dict[str, Any]:
    """A statement about consent c1, which holds from then on."""
    common = event(number, None, minute)
    del common["touchpoint"]
    said = {"id": f"c{number}", "source": "web", "type": "touchline.consent.v1", "consent_id": "c1", "state": state}
    said["effective_at"] = common["time"]
    purposes = {"purposes": ["analytics"], "version": "2025-05"} if state == "granted" else {}
    return common | said | purposes | who(*names)


def asked(number: int, minute: int, disposition: str, *names: tuple[str, str], **properties: str) -> dict[str, Any]:
    """How far a question to somebody has come."""
    one = answer(number, None, minute, disposition=disposition, properties=properties)
    del one["score"]
    return one | who(*names)


def case(number: int, minute: int, state: str, *names: tuple[str, str], **fields: str) -> dict[str, Any]:
    """What was said of a case."""
    common = event(number, None, minute)
    del common["touchpoint"]
    said = {
        "id": f"k{number}",
        "type": "touchline.case.v1",
        "case": f"case-{number}",
        "rule": "detractor",
        "state": state,
    }
    return common | said | {"about": {"touchpoint": "till"}, "owner": "desk"} | fields | who(*names)


EVENTS: list[dict[str, Any] | bytes] = [
    event(1, None, 1, "poster") | who(("anonymous", "abc")),
    linked(2, 2, ("login", "jane"), ("anonymous", "abc")),
    event(
        3, None, 3, "till", amount={"amount_minor": 1999, "currency": "EUR"}, place="north", properties={"cashier": "7"}
    )
    | who(("login", "jane"), ("loyalty", "4711")),
    answer(4, None, 4, score=0, language="de") | {"comment": "Mein <b>Kind</b> war krank"} | who(("loyalty", "4711")),
    event(5, None, 5, "site") | who(("login", "john")),
    answer(6, None, 6) | {"comment": "a secret of john"} | who(("login", "john")),
    linked(7, 7, ("login", "jane"), ("household", "7")),
    # kept out: no touchpoint; a raw identifier where a key should be; bytes that are no JSON
    {name: value for name, value in (event(8, None, 8) | who(("loyalty", "4711"))).items() if name != "touchpoint"},
    event(9, None, 9) | {"persons": [{"type": "loyalty", "key": "4711"}]},
    event(10, None, 10) | {"persons": [{"type": "login", "key": "john"}]},
    b"no json, but " + CARD.encode(),
    # a device of two
    event(11, None, 11, "site") | who(("anonymous", "tablet")),
    linked(12, 12, ("login", "jane"), ("anonymous", "tablet")),
    event(13, None, 13, "site", action="jane_looked") | who(("anonymous", "tablet")),
    linked(14, 20, ("login", "john"), ("anonymous", "tablet")),
    event(15, None, 30, "site", action="john_looked") | who(("anonymous", "tablet")),
    stated(16, 40, "granted", ("loyalty", "4711")),
    stated(17, 50, "withdrawn", ("login", "jane")),
    stated(18, 45, "granted", ("login", "john")),
    # decided, invited, not answered; and a case that was opened and worked
    asked(19, 46, "eligible", ("login", "jane"), reason="not_sampled"),
    asked(20, 47, "invited", ("loyalty", "4711"), way="invitation"),
    asked(21, 48, "expired", ("login", "john")),
    case(22, 49, "opened", ("loyalty", "4711")),
    case(23, 50, "resolved", ("login", "jane"), cause="queue"),
    case(24, 51, "opened", ("login", "john")),
]


@pytest.fixture(scope="module")
def ledger(engine_settings: Settings, engine_client: Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    start_anew(engine_client)
    folder = tmp_path_factory.mktemp("export")
    store(engine_settings, folder, EVENTS, ticks=4, now_ms=time.time_ns() // 1_000_000)


@pytest.fixture
def client(ledger: None, engine_client: Client) -> Client:
    engine_client.execute("TRUNCATE TABLE journey_raw.readings")
    return engine_client


def exported(client: Client, key: str = CARD, raw: str = "4711") -> Export:
    return read_export(client, CIPHER, Named([key], raw), NOW)


def as_text(found: Export) -> str:
    return json.dumps(found, default=str)


def test_it_holds_all_of_the_person_under_every_identifier_and_nothing_of_another(client: Client) -> None:
    found = exported(client)
    assert {one.identifier for one in found.identifiers} >= {JANE, CARD, BROWSER}
    received = {one["event_id"]: one for one in found.records["received"]}
    assert {"e1", "i2", "e3", "a4", "i7"} <= received.keys()
    assert not {"e5", "a6", "e15", "i14"} & received.keys()
    assert received["a4"]["comment"] == "Mein <b>Kind</b> war krank"
    assert (received["a4"]["score"], received["a4"]["scale_min"], received["a4"]["scale_max"]) == (0.0, 0, 10)
    till = received["e3"]
    assert (till["amount_minor"], till["currency"], till["place"], till["properties"]) == (
        1999,
        "EUR",
        "north",
        {"cashier": "7"},
    )
    assert {(one["map"], one["event_id"]) for one in found.records["attached"]} >= {
        ("shop", "e1"),
        ("shop", "e3"),
        ("shop", "a4"),
    }
    assert [one.touchpoints for one in found.journeys] != []
    for other in (JOHN, "a secret of john", "john_looked", KEYS.key("household", "8")):
        assert other not in as_text(found)


def test_it_tells_what_was_granted_and_withdrawn_under_every_identifier_and_from_when_on(client: Client) -> None:
    found = exported(client)
    told = [
        (
            one["purpose"],
            one["state"],
            one["valid_from"].minute,
            one["valid_until"] and one["valid_until"].minute,
            one["event_id"],
        )
        for one in found.consents
    ]
    assert told == [("analytics", "granted", 40, 50, "c16"), ("analytics", "withdrawn", 50, None, "c17")]
    assert found.consents[0]["version"] == "2025-05"
    assert {one["event_id"] for one in found.records["received"]} >= {"c16", "c17"}
    assert [one["event_id"] for one in exported(client, JOHN, "").consents] == ["c18"]


def test_it_tells_what_was_decided_asked_and_done_about_the_person_and_the_page_says_it(client: Client) -> None:
    found = exported(client)
    received = {one["event_id"]: one for one in found.records["received"]}
    assert {"a19", "a20", "k22", "k23"} <= received.keys()
    assert not {"a21", "k24"} & received.keys()
    assert (received["a19"]["disposition"], received["a19"]["properties"]["reason"]) == ("eligible", "not_sampled")
    assert (received["a20"]["disposition"], received["a20"]["properties"]["way"]) == ("invited", "invitation")
    assert (received["k23"]["action"], received["k23"]["properties"]["cause"]) == ("resolved", "queue")
    page = page_of(found, Language.EN)
    asks, cases, said = (section(page, name) for name in ("asks", "cases", "said"))
    assert all(word in asks for word in ("recommend", "eligible", "not_sampled", "invited"))
    assert all(word in cases for word in ("detractor", "opened", "resolved", "desk, queue"))
    assert said.count("<article>") == 1, "what was not answered was not said"


def section(page: str, name: str) -> str:
    return page.partition(f'id="{name}"')[2].partition("</section>")[0]


def test_any_identifier_and_any_beginning_of_a_key_lead_to_the_same(client: Client) -> None:
    whole = exported(client)
    for key in (JANE, BROWSER, CARD[:11]):
        assert exported(client, key)._replace(readings=whole.readings) == whole


def test_of_a_device_that_others_use_too_only_the_own_events_are_given(client: Client) -> None:
    found = exported(client)
    of_device = {one["action"] for one in found.records["received"] if one.get("action", "").endswith("_looked")}
    others = exported(client, JOHN, "")
    assert of_device | {one["action"] for one in others.records["received"] if one.get("action", "").endswith("_looked")} <= {
        "jane_looked", "john_looked",
    }  # fmt: skip
    assert "john_looked" not in of_device
    assert JANE not in as_text(others)
    assert "Kind" not in as_text(others)


def test_links_to_somebody_else_name_nobody(client: Client) -> None:
    links = exported(client).records["link"]
    ends = {one[name] for one in links for name in ("identifier", "linked_identifier")}
    assert SOMEBODY_ELSE in ends
    assert ends - {SOMEBODY_ELSE} <= {one.identifier for one in exported(client).identifiers}


def test_records_in_quarantine_that_name_the_person_are_opened(client: Client) -> None:
    found = exported(client)
    assert [one.reason for one in found.quarantine] != []
    texts = [json.dumps(one.record) for one in found.quarantine]
    assert sum('"e8"' in text for text in texts) == 1
    assert sum('"e9"' in text for text in texts) == 1
    assert sum("no json" in text for text in texts) == 1
    assert not any("john" in text for text in texts)
    assert '"e9"' not in as_text(exported(client, JANE, ""))


def test_under_another_key_it_says_how_much_is_missing(client: Client) -> None:
    found = read_export(client, Cipher("p2", bytes(31) + b"1"), Named([CARD]), NOW)
    (locked,) = [one for one in found.records["received"] if "comment_locked_under" in one]
    assert (locked["comment_locked_under"], found.opened, found.locked) == ("p1", 0, 5)
    assert "Kind" not in as_text(found)


def test_every_column_of_the_ledger_is_given_opened_or_known_to_be_the_pipelines_own(client: Client) -> None:
    names = {
        name
        for (name,) in client.execute(
            "SELECT name FROM system.columns WHERE database = 'journey_raw' AND table = 'ledger'"
        )
    }
    assert names >= TECHNICAL | SEALED
    kept = names - TECHNICAL - SEALED
    assert {
        "identifier",
        "person",
        "touchpoint",
        "properties",
        "consent_id",
        "score",
        "about_event_id",
        "survey",
    } <= kept


def test_the_export_is_a_reading_that_is_written_down_first(client: Client) -> None:
    found = export_person(client, CIPHER, Named([CARD], "4711"), "ada", NOW)
    (logged,) = read_log(client, persons=[found.person])
    assert (logged.way, logged.reader, logged.opened) == ("export", "ada", found.opened)
    assert [(one.way, one.opened) for one in exported(client).readings] == [("export", found.opened)]
    client.execute("RENAME TABLE journey_raw.readings TO journey_raw.away")
    client.execute("CREATE VIEW journey_raw.readings AS SELECT * FROM journey_raw.away")
    try:
        with pytest.raises(ServerException):
            export_person(client, CIPHER, Named([CARD], "4711"), "ada", NOW)
    finally:
        client.execute("DROP VIEW journey_raw.readings")
        client.execute("RENAME TABLE journey_raw.away TO journey_raw.readings")


@pytest.fixture
def command(
    client: Client,
    engine_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Runs `touchline export` with the keys of the tests; gives exit status, output and errors."""
    (tmp_path / "payload_key").write_text(f"p1:{'00' * 32}\n")
    (tmp_path / "person_key").write_text(f"k1:{'00' * 32}\n")
    own = engine_settings.with_changes(
        payload_key_file=tmp_path / "payload_key", person_key_file=tmp_path / "person_key"
    )
    for name, value in settings_environment(own).items():
        monkeypatch.setenv(name, value)

    def called(*words: str) -> tuple[int, str, str]:
        status = run(["export", *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return called


def test_the_command_writes_both_files_for_their_owner_alone_and_never_over_others(
    command: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    status, told, _ = command("loyalty:47-11", "--out", str(folder), "--language", "de")
    assert status == 0
    assert "4711" not in told
    whole = json.loads((folder / "export.json").read_text())
    assert whole["format"] == FORMAT
    assert {path.name for path in folder.iterdir()} == {"export.json", "export.html"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    page = read_page((folder / "export.html").read_text())
    assert "Was wir über Sie speichern" in page.text
    assert "Mein <b>Kind</b> war krank" in page.text
    for words in ("Ihre Einwilligung", "Zweck", "analytics", "erteilt", "widerrufen", "2025-06-01 00:50:00"):
        assert words in page.text
    assert "script" not in page.tags
    again, _, said_so = command("loyalty:4711", "--out", str(folder))
    assert again == 2
    assert "hint: " in said_so


def test_standard_output_has_the_json_and_every_field_of_it_is_documented(command: Any, project_dir: Path) -> None:
    status, told, _ = command(CARD)
    assert status == 0
    documented = (project_dir / "docs/privacy.md").read_text()
    assert [name for name in json.loads(told) if f"| `{name}` |" not in documented] == []


def test_a_person_of_whom_nothing_is_kept_has_an_empty_export_and_status_1(command: Any, tmp_path: Path) -> None:
    status, told, _ = command("loyalty:4712", "--out", str(tmp_path / "out"))
    assert (status, told) == (1, "nothing is kept of this person\n")
    assert not (tmp_path / "out").exists()
    status, told, _ = command("loyalty:4712")
    assert status == 1
    assert json.loads(told)["identifiers"] == []


def test_a_shared_device_and_what_names_nobody_are_refused_with_what_to_do(command: Any) -> None:
    for named in ("4711", "loyalty:", "loyalty:0000", "k1:16eaacd"):
        status, out, said_so = command(named)
        assert (status, out) == (2, "")
        assert "hint: " in said_so
        assert "0000" not in said_so


@pytest.mark.parametrize("language", list(Language))
def test_the_page_can_be_made_in_every_language(command: Any, tmp_path: Path, language: Language) -> None:
    folder = tmp_path / language.value
    assert command(CARD, "--out", str(folder), "--language", language.value)[0] == 0
    page = read_page((folder / "export.html").read_text())
    assert page.language == language.value
