"""`touchline emit` and `touchline import retail`, with the in-memory twin in place of Kafka."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from touchline.cli import (
    contested as contested_module,
    emit as emit_module,
    import_retail as retail_module,
    import_watch as watch_module,
    importing,
)
from touchline.cli.main import run
from touchline.errors import EngineUnreachable
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import Source, load_sources
from touchline.schemas.versions import Version

ROOT = Path(__file__).parents[3]
KEYS = PersonKeys("k1", bytes(32))
LINE = {
    "type": "touchline.touchpoint.v1",
    "source": "shell",
    "time": "2026-03-01T11:00:00Z",
    "touchpoint": "store_visit",
}

Run = Callable[..., tuple[int, str, str]]


class Stored:
    """A ledger that knows the first so many ids with other contents, which count."""

    fault = ""

    def __init__(self, changed: int = 0) -> None:
        self.changed = changed

    def ask(self, source: str, event_ids: Sequence[str]) -> list[tuple[str, Version]]:
        return [(one, Version(0, 0, 0)) for one in event_ids[: self.changed]]

    def close(self) -> None:
        pass


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> InMemoryProducer:
    twin = InMemoryProducer(person_keys=KEYS, sources=load_sources(ROOT / "sources.yaml"))
    for module in (emit_module, importing, watch_module):
        monkeypatch.setattr(module, "open_producer", lambda settings, outbox, sources=None: twin)
    monkeypatch.setattr(retail_module, "_register_stores", lambda settings, folder: True)
    monkeypatch.setattr(contested_module, "open_stored", lambda settings, **options: Stored())
    monkeypatch.setenv("TOUCHLINE_LOCAL_DIR", str(tmp_path / "local"))
    return twin


@pytest.fixture
def touchline(capfd: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        status = run(words)
        written = capfd.readouterr()
        return status, written.out, written.err

    return command


def _ndjson(tmp_path: Path, *lines: Any) -> str:
    path = tmp_path / "events.ndjson"
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(texts))
    return str(path)


def test_one_event_is_sent_from_flags_and_its_id_printed(producer: InMemoryProducer, touchline: Run) -> None:
    words = [
        "emit",
        "--touchpoint",
        "store_purchase",
        "--person",
        "loyalty:4711",
        "--action",
        "purchase",
        "--place",
        "330",
        "--order",
        "o1",
    ]
    facts = ["--property", "items=3", "--property", "colour=red", "--property", "gift=true", "--property", "size=null"]
    status, out, err = touchline(*words, *facts, "--amount", "19.99 eur", "--simulated")

    (event,) = producer.events
    assert (status, err) == (0, "")
    assert out == f"{event['id']}\n"
    assert event["source"] == "shell"
    assert event["persons"] == [{"type": "loyalty", "key": KEYS.key("loyalty", "4711")}]
    assert event["amount"] == {"amount_minor": 1999, "currency": "EUR"}
    assert event["order"] == {"id": "o1"}
    assert event["properties"] == {"items": 3, "colour": "red", "gift": True, "size": "null"}
    assert event["simulated"] is True


@pytest.mark.parametrize("begin", [b"[", b"\xef\xbb\xbf[", b"\n [\n"])
def test_an_array_is_told_as_such_and_nothing_of_it_is_sent(
    producer: InMemoryProducer, touchline: Run, tmp_path: Path, begin: bytes
) -> None:
    lines = b",\n".join(json.dumps(LINE | {"id": one}).encode() for one in ("a", "b"))
    status, _, err = touchline("emit", _ndjson(tmp_path, begin + lines + b"\n]"))
    assert (status, producer.events) == (2, [])
    assert "JSON array" in err


def test_a_list_on_a_line_of_its_own_costs_no_other_line(
    producer: InMemoryProducer, touchline: Run, tmp_path: Path
) -> None:
    assert touchline("emit", _ndjson(tmp_path, [1], LINE | {"id": "a"}))[0] == 1
    assert [event["id"] for event in producer.events] == ["a"]


def test_files_that_were_joined_keep_no_mark_before_their_first_event(
    producer: InMemoryProducer, touchline: Run, tmp_path: Path
) -> None:
    lines = ["\ufeff".encode() + json.dumps(LINE | {"id": one}).encode() for one in ("a", "b")]
    assert touchline("emit", _ndjson(tmp_path, *lines))[0] == 0
    assert [event["id"] for event in producer.events] == ["a", "b"]


def test_the_least_that_is_needed_is_a_touchpoint(producer: InMemoryProducer, touchline: Run) -> None:
    status, out, _ = touchline("emit", "--touchpoint", "store_visit", "--json")

    (event,) = producer.events
    assert status == 0
    assert json.loads(out) == {"accepted": 1, "suppressed": 0, "rejected": 0, "waiting": 0, "id": event["id"]}
    assert set(event) == {"id", "source", "type", "time", "received_at", "touchpoint"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--person", "4711"], "--person is not type:value"),
        (["--property", "items"], "--property is not name=value"),
        (["--amount", "19.99"], "--amount is not an amount and a currency"),
        (["--amount", "19.999EUR"], "more than 2 decimal places"),
        (["--amount", "lotsEUR"], "it is no number"),
        (["--amount", "12.500EUR"], "more than 2 decimal places"),
        (["--amount", "1.000 EUR"], "more than 2 decimal places"),
        (["--amount", "5.0JPY"], "more than 0 decimal places"),
        (["--amount", "1_000EUR"], "it is no number"),
        (["--amount", "\u0661\u0662EUR"], "it is no number"),
        (["--amount", "1e3EUR"], "it is no number"),
        (["--amount", "12,50EUR"], "it is no number"),
        (["--amount", "NaNEUR"], "--amount is not"),
        (["events.ndjson"], "--touchpoint and a file"),
    ],
)
def test_wrong_flags_are_status_2_with_an_example(
    producer: InMemoryProducer, touchline: Run, words: list[str], says: str
) -> None:
    status, _, err = touchline("emit", "--touchpoint", "store_visit", *words)

    assert status == 2
    assert says in err
    assert "hint: " in err
    assert producer.events == []


def test_flags_of_one_event_beside_a_file_are_not_overlooked(
    producer: InMemoryProducer, touchline: Run, tmp_path: Path
) -> None:
    status, _, err = touchline("emit", _ndjson(tmp_path, {**LINE, "id": "1"}), "--simulated", "--place", "7")

    assert status == 2
    assert "place, simulated of one event given, but no touchpoint" in err
    assert producer.events == []


def test_a_property_that_is_no_json_number_is_text(producer: InMemoryProducer, touchline: Run) -> None:
    status, _, _ = touchline("emit", "--touchpoint", "store_visit", "--property", "name=NaN")

    assert status == 0
    assert producer.events[0]["properties"] == {"name": "NaN"}


def test_a_byte_order_mark_before_the_first_line_is_no_content(
    producer: InMemoryProducer, touchline: Run, tmp_path: Path
) -> None:
    line = b"\xef\xbb\xbf" + json.dumps({**LINE, "id": "1"}).encode()

    assert touchline("emit", _ndjson(tmp_path, line))[0] == 0


def test_a_bad_event_from_flags_is_status_1_and_says_field_and_remedy(
    producer: InMemoryProducer, touchline: Run
) -> None:
    status, _, err = touchline("emit", "--touchpoint", "store_visit", "--time", "yesterday")

    assert status == 1
    assert "field time: wrong_type" in err
    assert "hint: write RFC 3339" in err


def test_every_good_line_is_sent_and_every_bad_one_has_a_verdict(
    producer: InMemoryProducer, touchline: Run, tmp_path: Path
) -> None:
    file = _ndjson(
        tmp_path, {**LINE, "id": "1"}, b"", b"{", {**LINE, "id": ""}, b'{"id": "\xff"}', [1], {**LINE, "id": "2"}
    )
    status, out, err = touchline("emit", file)

    assert status == 1
    assert [event["id"] for event in producer.events] == ["1", "2"]
    assert out == "sent 2 events, refused 4 lines\n"
    assert [line.partition(";")[0] for line in err.splitlines()] == [
        "line 3: the event: not_json",
        "line 4: field id: missing_field (it is: text of 0 characters)",
        "line 5: the event: not_utf8",
        "line 6: the event: not_json",
    ]


def test_what_will_be_suppressed_is_said_and_not_told_as_sent(
    producer: InMemoryProducer, touchline: Run, tmp_path: Path
) -> None:
    producer._maker._sources = {"shell": Source(legal_basis="contract"), "web": Source(legal_basis="consent")}
    file = _ndjson(tmp_path, {**LINE, "id": "1"}, {**LINE, "id": "2", "source": "web"})
    status, out, _ = touchline("emit", file)
    said, hint = out.splitlines()
    assert (status, said) == (0, "sent 1 event; 1 more event will be suppressed for want of consent and counts nowhere")
    assert hint.startswith("hint: their source works under consent: name a granted consent")

    producer._is_closed, producer._suppressed = False, 0
    verdict = json.loads(touchline("emit", "--touchpoint", "x", "--source", "web", "--json")[1])
    assert (verdict["accepted"], verdict["suppressed"]) == (0, 1)
    producer._is_closed = False
    assert "will be suppressed for want of consent" in touchline("emit", "--touchpoint", "x", "--source", "web")[2]


def test_verdicts_as_json_are_for_scripts(producer: InMemoryProducer, touchline: Run, tmp_path: Path) -> None:
    status, out, _ = touchline("emit", _ndjson(tmp_path, {**LINE, "id": "1", "revision": -1}), "--json")

    verdicts = json.loads(out)
    assert status == 1
    assert (verdicts["accepted"], verdicts["rejected"]) == (0, 1)
    assert {"line": 1, "reason": "out_of_scale", "field": "revision"}.items() <= verdicts["rejections"][0].items()


def test_standard_input_is_read_where_no_file_is_given(
    producer: InMemoryProducer, touchline: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = b"".join(json.dumps({**LINE, "id": str(n)}).encode() + b"\n" for n in range(1_200))
    for words in (["emit"], ["emit", "-"]):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
        assert touchline(*words)[:2] == (0, "sent 1,200 events\n")
        producer._is_closed = False


def test_a_missing_file_is_status_2(producer: InMemoryProducer, touchline: Run) -> None:
    status, _, err = touchline("emit", "nowhere.ndjson")

    assert status == 2
    assert "cannot be read" in err


def test_an_absent_kafka_is_status_3(touchline: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(settings: object, outbox: object) -> None:
        raise EngineUnreachable("Kafka does not answer", "touchline up")

    monkeypatch.setattr(emit_module, "open_producer", absent)
    status, _, err = touchline("emit", "--touchpoint", "store_visit")

    assert (status, err) == (3, "error: Kafka does not answer\nhint: touchline up\n")


def test_import_sends_baskets_and_counts_them(producer: InMemoryProducer, touchline: Run) -> None:
    status, out, _ = touchline("import", "retail", "--limit", "500", "--json")

    outcome = json.loads(out)
    assert status == 0
    assert (outcome["events"], outcome["acknowledged"], outcome["is_dry_run"]) == (500, 500, False)
    assert len(producer.events) == 500
    assert sum(event["amount"]["amount_minor"] for event in producer.events) == outcome["amount_minor"]
    assert len({event["persons"][0]["key"] for event in producer.events}) == outcome["persons"]


def test_baskets_that_are_known_with_other_contents_are_told_and_the_status_is_4(
    producer: InMemoryProducer, touchline: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contested_module, "open_stored", lambda settings, **options: Stored(2))
    status, _, err = touchline("import", "retail", "--limit", "6")
    assert status == 4
    assert err.startswith("the data set: 2 known ids came with other contents and no later revision. 0 now count")
    assert "./run clean" in err


def test_a_dry_run_sends_nothing(producer: InMemoryProducer, touchline: Run) -> None:
    status, out, _ = touchline("import", "retail", "--limit", "10", "--dry-run")

    assert status == 0
    assert out.startswith("read 10 baskets of 9 households in 8 stores, 53.53 USD")
    assert producer.events == []


def test_lines_of_an_undeclared_source_are_one_sentence_with_a_count(
    producer: InMemoryProducer, touchline: Run, tmp_path: Path
) -> None:
    lines = [{**LINE, "id": str(number), "source": "kasse" if number % 2 else "shell"} for number in range(578)]
    status, out, err = touchline("emit", _ndjson(tmp_path, *lines))
    assert (status, out) == (1, "sent 289 events, refused 289 lines\n")
    assert err == (
        "289 lines name the source kasse, which is not declared: declare it in sources.yaml with its legal basis, or correct the name\n"
    )


@pytest.mark.parametrize("value", ["[" * 100_000, "{" * 100_000, "9" * 5_000, "\x00"])
def test_a_property_of_any_text_is_taken_or_refused_without_a_traceback(
    producer: InMemoryProducer, touchline: Run, value: str
) -> None:
    status, _, err = touchline("emit", "--touchpoint", "coupon", "--property", f"x={value}")
    assert status in (0, 1)
    assert (status == 0) == (err == "")


@pytest.mark.parametrize("name", ["till.csv", "till.TSV", "book.xlsx", "till.parquet"])
def test_a_file_of_rows_is_answered_with_the_command_that_sends_them(
    producer: InMemoryProducer, touchline: Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("receipt,total\n1,2\n")
    status, _, err = touchline("emit", str(tmp_path / name))
    assert status == 2
    assert f"touchline import {tmp_path / name} --mapping M.yaml" in err
    assert producer.events == []
