"""`touchline comments` on a ledger that the real steps stored: what is chosen, opened, shown, and written down."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.contract.sql.stored import answer, start_anew, store
from tests.unit.processors.loop.world import CIPHER, event, person_key
from touchline.cli.main import run
from touchline.comments import read
from touchline.comments.read import open_comments, persons_of, read_comments
from touchline.comments.readings import Reading, digest_of, read_log, reader_of_command, record_reading
from touchline.comments.values import Selection
from touchline.errors import WrongUsage
from touchline.local.parts import settings_environment
from touchline.processors.steps.cipher import Cipher
from touchline.schemas.identifiers import PersonKeys
from touchline.settings import Settings

DAY = datetime(2025, 6, 1, tzinfo=UTC)
KEYS = PersonKeys("k1", bytes(32))
CARD = KEYS.key("loyalty", "4711")


def said(
    number: int, person: int | None, minute: int, text: str | None, about: str = "till", **more: Any
) -> dict[str, Any]:
    made = answer(number, person, minute, about, **more)
    return made if text is None else made | {"comment": text}


EVENTS: list[dict[str, Any]] = [
    event(1, 1, 1, "till"),
    said(1, 1, 10, "Die Schlange war LANG", language="de-CH", score=2),
    said(2, 2, 20, "=SUM(A1) cheap\nand good", language="en", score=9, place="north"),
    said(3, None, 30, "nobody knows me", about="site", score=5),
    said(4, 2, 40, None),
    said(5, 3, 1500, "straße gesperrt", language="de", score=7, kpi="csat", question="how", scale_min=1, scale_max=10),
    said(6, 4, 1600, "", score=1),
    said(8, 4, 1600, "ok", about="poster", score=1),
]
BY_CARD = said(7, None, 1700, "with my card") | {"persons": [{"type": "loyalty", "key": CARD}]}


@pytest.fixture(scope="module")
def ledger(engine_settings: Settings, engine_client: Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    start_anew(engine_client)
    store(engine_settings, tmp_path_factory.mktemp("comments"), [*EVENTS, BY_CARD])


@pytest.fixture
def client(ledger: None, engine_client: Client) -> Client:
    engine_client.execute("TRUNCATE TABLE journey_raw.readings")
    return engine_client


def ids(client: Client, **asked: Any) -> list[str]:
    return [one.event_id for one in open_comments(client, CIPHER, Selection(**asked)).comments]


def test_every_comment_is_read_once_the_newest_first_and_answers_without_text_are_none(client: Client) -> None:
    found = read_comments(client, CIPHER, Selection(), "comments", "ada")
    assert [one.event_id for one in found.comments] == ["a7", "a8", "a5", "a3", "a2", "a1"]
    assert {one.event_id: one.text for one in found.comments} == {
        one["id"]: one["comment"] for one in [*EVENTS, BY_CARD] if one.get("comment")
    }
    first = found.comments[-1]
    assert (first.touchpoint, first.stage, first.score, first.language) == ("till", "purchase", 2.0, "de-CH")
    assert (first.person, found.comments[3].person) == (person_key(1), None)
    assert found.next is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"since": DAY + timedelta(minutes=20), "until": DAY + timedelta(minutes=30)}, ["a2"]),
        ({"since": DAY + timedelta(days=1)}, ["a7", "a8", "a5"]),
        ({"values": {"touchpoint": ("site",)}}, ["a3"]),
        ({"values": {"touchpoint": ("site", "till"), "kpi": ("csat",)}}, ["a5"]),
        ({"values": {"stage": ("interest",)}}, ["a3"]),
        ({"values": {"place": ("north",)}}, ["a2"]),
        ({"values": {"place": ("",)}, "score_to": 2}, ["a8", "a1"]),
        ({"values": {"question": ("recommend",), "source": ("shop",)}, "score_from": 5}, ["a7", "a3", "a2"]),
        ({"values": {"source": ("web",)}}, []),
        ({"score_from": 5, "score_to": 7}, ["a5", "a3"]),
        ({"language": "DE"}, ["a5", "a1"]),
        ({"language": "d"}, []),
        ({"persons": (person_key(2),)}, ["a2"]),
        ({"words": ("lang",)}, ["a1"]),
        ({"words": ("STRASSE",)}, ["a5"]),
        ({"words": ("cheap", "good")}, ["a2"]),
        ({"words": ("cheap", "lang")}, []),
    ],
)
def test_what_is_asked_for_is_what_is_shown(client: Client, asked: dict[str, Any], expected: list[str]) -> None:
    assert ids(client, **asked) == expected


@pytest.mark.parametrize("words", [(), ("a",)])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_behind_each_other_are_the_whole_list_and_end(
    client: Client, size: int, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "CHUNK", 2)
    whole = ids(client, words=words)
    pages: list[str] = []
    after = None
    for _ in range(len(whole) + 2):
        found = open_comments(client, CIPHER, Selection(words=words, limit=size, after=after))
        assert len(found.comments) <= size
        pages += [one.event_id for one in found.comments]
        if (after := found.next) is None:
            break
    assert after is None
    assert pages == whole


def test_a_search_that_opens_too_much_says_where_to_go_on(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "CHUNK", 1)
    monkeypatch.setattr(read, "OPENED_MAX", 2)
    found = open_comments(client, CIPHER, Selection(words=("lang",)))
    assert (list(found.comments), found.opened) == ([], 2)
    again = open_comments(client, CIPHER, Selection(words=("lang",), after=found.next))
    assert again.next is not None
    last = open_comments(client, CIPHER, Selection(words=("lang",), after=again.next))
    assert [one.event_id for one in last.comments] == ["a1"]


def test_under_another_key_nothing_is_opened_and_the_key_is_named(client: Client) -> None:
    found = read_comments(client, Cipher("p2", bytes(31) + b"1"), Selection(), "comments", "ada")
    assert {(one.text, one.cipher_key_id) for one in found.comments} == {(None, "p1")}
    assert [(one.opened, one.shown) for one in read_log(client)] == [(0, 6)]


def test_a_reading_is_written_down_with_who_what_and_how_many_and_no_word_or_person(client: Client) -> None:
    asked = Selection(since=DAY, values={"touchpoint": ("till",)}, score_to=9, words=("LANG",))
    read_comments(client, CIPHER, asked, "comments", "ada")
    read_comments(client, CIPHER, Selection(persons=(person_key(2),)), "page", "care-team")
    by_person, by_word = read_log(client)
    assert (by_word.way, by_word.reader, by_word.opened, by_word.shown) == ("comments", "ada", 4, 1)
    assert by_word.filters == {
        "since": "2025-06-01T00:00:00Z", "touchpoint": "till", "score_to": "9", "contains": "1 word", "limit": "50",
    }  # fmt: skip
    assert (by_person.way, by_person.reader, by_person.filters["person"]) == ("page", "care-team", "1 person")
    kept = str(client.execute("SELECT * FROM journey_raw.readings"))
    assert person_key(2) not in kept
    assert "LANG" not in kept
    assert read_log(client, persons=[person_key(2)]) == [by_person]
    assert by_person.person_digest == digest_of(person_key(2)) != digest_of(person_key(3))


def test_nothing_is_shown_where_the_reading_cannot_be_written_down(client: Client) -> None:
    client.execute("RENAME TABLE journey_raw.readings TO journey_raw.away")
    try:
        with pytest.raises(ServerException):
            read_comments(client, CIPHER, Selection(), "comments", "ada")
    finally:
        client.execute("RENAME TABLE journey_raw.away TO journey_raw.readings")


def test_a_person_is_found_by_any_identifier_and_by_a_beginning_of_the_key(client: Client) -> None:
    assert persons_of(client, [person_key(1)]) == (person_key(1),)
    assert persons_of(client, ["k1:none", CARD]) == (CARD,)
    assert persons_of(client, ["k1:none"]) == ("k1:none",)
    with pytest.raises(WrongUsage, match="several person keys"):
        persons_of(client, [person_key(1)[:20]])


@pytest.fixture
def command(
    client: Client,
    engine_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Runs `touchline comments` with the key of the tests; gives exit status, output and errors."""
    (tmp_path / "payload_key").write_text(f"p1:{'00' * 32}\n")
    (tmp_path / "person_key").write_text(f"k1:{'00' * 32}\n")
    own = engine_settings.with_changes(
        payload_key_file=tmp_path / "payload_key", person_key_file=tmp_path / "person_key"
    )
    for name, value in settings_environment(own).items():
        monkeypatch.setenv(name, value)

    def called(*words: str) -> tuple[int, str, str]:
        status = run(["comments", *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return called


def test_the_command_shows_text_json_and_csv_and_its_own_readings(command: Any) -> None:
    status, page, _ = command("--touchpoint", "till", "--score-to", "2")
    assert status == 0
    assert "Die Schlange war LANG" in page
    assert "2 of 0 to 10 · till (purchase) · nps recommend" in page
    status, text, _ = command("--limit", "2", "--json")
    told = json.loads(text)
    assert [one["event_id"] for one in told["comments"]] == ["a7", "a8"]
    status, table, hint = command("--limit", "4", "--next", told["next"], "--csv")
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert [row["text"] for row in rows] == [
        "straße gesperrt", "nobody knows me", "'=SUM(A1) cheap\nand good", "Die Schlange war LANG",
    ]  # fmt: skip
    assert (rows[1]["person"], rows[1]["score"], hint) == ("", "5", "")
    status, log, _ = command("--log", "--json")
    readings = json.loads(log)["readings"]
    assert [(one["reader"], one["way"], one["shown"]) for one in readings] == [
        (reader_of_command(), "comments", 4), (reader_of_command(), "comments", 2), (reader_of_command(), "comments", 1),
    ]  # fmt: skip
    status, log, _ = command("--log")
    assert "touchpoint till, score_to 2" in log
    status, log, _ = command("--log", "--csv", "--limit", "1")
    assert next(csv.DictReader(io.StringIO(log)))["shown"] == "4"


def test_the_command_takes_a_raw_identifier_and_shows_it_nowhere(command: Any, client: Client) -> None:
    for named in ("loyalty:47-11", CARD, CARD[:11]):
        status, text, _ = command("--person", named, "--json")
        assert status == 0
        assert [one["event_id"] for one in json.loads(text)["comments"]] == ["a7"]
    status, log, _ = command("--log", "--person", "loyalty:4711", "--json")
    assert len(json.loads(log)["readings"]) == 3
    assert "4711" not in str(client.execute("SELECT * FROM journey_raw.readings")).replace(CARD, "")


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "--csv"),
        ("--next", "nowhere"),
        ("--since", "2026-01-02", "--until", "2026-01-01"),
        ("--score-from", "3", "--score-to", "1"),
        ("--contains", " "),
        ("--person", "4711"),
        ("--log", "--touchpoint", "till"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do_and_is_no_reading(
    command: Any, client: Client, words: tuple[str, ...]
) -> None:
    status, out, said_so = command(*words)
    assert (status, out) == (2, "")
    assert "hint: " in said_so
    assert client.execute("SELECT count() FROM journey_raw.readings") == [(0,)]


def test_without_the_key_the_command_says_where_it_should_be(
    command: Any, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TOUCHLINE_PAYLOAD_KEY_FILE", str(tmp_path / "none"))
    status, out, said_so = command()
    assert (status, out) == (2, "")
    assert "payload key file" in said_so
    assert "hint: " in said_so


def test_readings_are_listed_by_time(client: Client) -> None:
    for day in (1, 2, 3):
        record_reading(client, Reading("comments", f"r{day}", {}, "", day, day), datetime(2026, 1, day, tzinfo=UTC))
    assert [one.reader for one in read_log(client, since=datetime(2026, 1, 2, tzinfo=UTC))] == ["r3", "r2"]
    assert [one.reader for one in read_log(client, until=datetime(2026, 1, 2, tzinfo=UTC))] == ["r1"]
    assert [one.reader for one in read_log(client, limit=1)] == ["r3"]
