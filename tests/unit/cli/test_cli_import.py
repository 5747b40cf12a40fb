"""`touchline import`: how its commands are found, told and ended, with the twin of the producer in place of Kafka."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import blocks_of, matches, steps_of
from tests.unit.producers.imports import surveys
from tests.unit.producers.imports.build import BAD_ROWS, MAPPING, ROOT, new_producer, receipt, write_csv, write_ndjson
from touchline.cli import contested as contested_module, import_watch as watch_module, importing
from touchline.cli.main import run
from touchline.errors import EngineUnreachable
from touchline.producers.errors import DeliveryFailed, OutboxFull
from touchline.producers.imports.watch import DropFolder
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.canonical import payload_hash
from touchline.schemas.sources import Sources
from touchline.schemas.versions import Version
from touchline.settings import Settings

Run = Callable[..., tuple[int, str, str]]


class Stored:
    """The ledger as an import sees it: what was sent and then stored."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, str], list[Version]] = defaultdict(list)
        self.fault = ""

    def ask(self, source: str, event_ids: Sequence[str]) -> list[tuple[str, Version]]:
        return [(one, version) for one in event_ids for version in self.versions[source, one]]

    def store(self, events: Sequence[dict[str, Any]]) -> None:
        for one in events:
            version = Version(one.get("revision", 0), 0, payload_hash(one))
            self.versions[one["source"], one["id"]].append(version)

    def close(self) -> None:
        pass


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Stored:
    ledger = Stored()
    monkeypatch.setattr(contested_module, "open_stored", lambda settings, **options: ledger)
    return ledger


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stored: Stored) -> list[InMemoryProducer]:
    """The producers that the commands opened."""
    opened: list[InMemoryProducer] = []

    def open_twin(settings: object, outbox: object, sources: Sources | None = None) -> InMemoryProducer:
        opened.append(new_producer(sources))
        return opened[-1]

    for module in (importing, watch_module):
        monkeypatch.setattr(module, "open_producer", open_twin)
    monkeypatch.setenv("TOUCHLINE_LOCAL_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("TOUCHLINE_SOURCES_FILE", str(ROOT / "sources.yaml"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text(MAPPING)
    return opened


@pytest.fixture
def touchline(capfd: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        status = run(words)
        written = capfd.readouterr()
        return status, written.out, written.err

    return command


@pytest.mark.parametrize(
    "words",
    [
        ("till.csv", "--mapping", "m.yaml"),
        ("--mapping", "m.yaml", "till.csv"),
        ("file", "till.csv", "-m", "m.yaml"),
        ("-m", "m.yaml", "till.csv"),
    ],
)
def test_a_file_is_imported_with_and_without_the_word_file(
    sent: list[InMemoryProducer], touchline: Run, words: tuple[str, ...]
) -> None:
    write_csv(Path("till.csv"), [receipt(1), receipt(2)])
    assert touchline("import", *words) == (0, "till.csv: sent 2 events\n", "")
    assert len(sent[0].events) == 2


def test_several_files_and_bad_rows_are_told_one_by_one_and_the_status_is_1(
    sent: list[InMemoryProducer], touchline: Run
) -> None:
    write_csv(Path("one.csv"), [receipt(1), BAD_ROWS["no key"][0], receipt(2)])
    write_ndjson(Path("two.ndjson"), [receipt(2), receipt(3)])
    status, out, err = touchline("import", "one.csv", "two.ndjson", "--mapping", "m.yaml", "--json")
    first, second = map(json.loads, out.splitlines())
    assert status == 1
    assert (first["accepted"], first["rejected"], first["quarantined"], second["accepted"]) == (2, 1, 1, 2)
    assert [(one["line"], one["field"]) for one in first["rejections"]] == [(3, "id")]
    assert (
        err
        == "one.csv: line 3: field id: missing_field (column receipt is empty); give it a value, or key the rows by other columns\n"
    )


@pytest.mark.parametrize("words", [(), ("--dry-run",), ("--json",)])
def test_an_undeclared_source_of_all_rows_is_one_sentence_and_nothing_is_sent(
    sent: list[InMemoryProducer], touchline: Run, words: tuple[str, ...]
) -> None:
    Path("other.yaml").write_text(MAPPING.replace("source: retail-pos", "source: retail-poss"))
    write_csv(Path("till.csv"), [receipt(number) for number in range(1, 9)])
    status, out, err = touchline("import", "till.csv", "--mapping", "other.yaml", *words)
    assert (status, out) == (2, "")
    assert err.splitlines() == [
        "error: the source retail-poss of the mapping is not declared, so every row would be refused; nothing was sent",
        "hint: declare it in sources.yaml with its legal basis, or correct `source` in the mapping",
    ]
    assert [one.events for one in sent] in ([], [[]])


def corrected(number: int, amount: str = "99.00") -> list[str]:
    return [*receipt(number)[:3], amount, *receipt(number)[4:]]


def test_a_corrected_export_says_before_it_ends_what_counts_and_how_to_say_otherwise(
    sent: list[InMemoryProducer], stored: Stored, touchline: Run
) -> None:
    write_csv(Path("till.csv"), [receipt(number) for number in range(20)])
    write_csv(Path("corrected.csv"), [corrected(number) for number in range(20)])
    assert touchline("import", "till.csv", "-m", "m.yaml") == (0, "till.csv: sent 20 events\n", "")
    stored.store(sent[0].events)
    status, out, err = touchline("import", "corrected.csv", "-m", "m.yaml")
    assert (status, out) == (4, "corrected.csv: sent 20 events\n")
    said, hint = err.splitlines()
    assert said.startswith("corrected.csv: 20 known ids came with other contents and no later revision. ")
    old, new = ({one["id"]: payload_hash(one) for one in producer.events} for producer in sent)
    count = sum(new[name] < old[name] for name in new)
    assert said.endswith(f"{count} now count as in this file, {20 - count} as before: the smaller hash decides")
    assert hint.startswith("hint: if this file is right, import it with --revision 1; or name the column")

    stored.store(sent[1].events)
    assert touchline("import", "corrected.csv", "-m", "m.yaml", "--revision", "1") == (
        0,
        "corrected.csv: sent 20 events\n",
        "",
    )
    assert {one["revision"] for one in sent[2].events} == {1}

    stored.store(sent[2].events)
    assert touchline("import", "till.csv", "-m", "m.yaml")[0] == 0  # what was outdone before says nothing new
    write_csv(Path("again.csv"), [corrected(number, "98.00") for number in range(3)])
    status, _, err = touchline("import", "again.csv", "-m", "m.yaml")
    assert status == 4
    assert "3 known ids came with other contents and an earlier revision than the one that is stored (up to 1)" in err
    assert "--revision 2" in err


def test_contested_ids_are_told_by_a_dry_run_in_json_and_beside_refused_rows(
    sent: list[InMemoryProducer], stored: Stored, touchline: Run
) -> None:
    write_csv(Path("till.csv"), [receipt(1), receipt(2)])
    touchline("import", "till.csv", "-m", "m.yaml")
    stored.store(sent[0].events)
    write_csv(Path("corrected.csv"), [corrected(1), receipt(2), BAD_ROWS["no key"][0], corrected(3), receipt(3)])
    status, out, err = touchline("import", "corrected.csv", "-m", "m.yaml", "--json")
    told = json.loads(out)
    contested = told["contested"]
    assert (status, told["rejected"], told["not_compared"]) == (4, 1, "")
    assert (contested["as_sent"] + contested["as_stored"], contested["outdated"], contested["in_import"]) == (1, 0, 1)
    assert "1 id came more than once with different contents of the same revision" in err
    status, out, err = touchline("import", "corrected.csv", "-m", "m.yaml", "--dry-run")
    assert (status, out) == (4, "corrected.csv: checked 4 events, refused 1 row\n")
    assert "1 id came more than once" in err
    assert " would count as in this file, " in err
    assert "now count" not in err


def test_a_column_that_says_when_a_row_was_changed_leaves_nothing_contested(
    sent: list[InMemoryProducer], stored: Stored, touchline: Run
) -> None:
    Path("m.yaml").write_text(MAPPING + "revision: items\n")
    write_csv(Path("till.csv"), [receipt(1)])
    touchline("import", "till.csv", "-m", "m.yaml")
    stored.store(sent[0].events)
    for items in ("4", "2"):
        write_csv(Path("corrected.csv"), [[*corrected(1)[:6], items]])
        assert touchline("import", "corrected.csv", "-m", "m.yaml") == (0, "corrected.csv: sent 1 event\n", "")
    write_csv(Path("corrected.csv"), [corrected(1)])
    status, _, err = touchline("import", "corrected.csv", "-m", "m.yaml")
    assert (status, "several states of a row bear one revision" in err) == (4, True)
    status, _, err = touchline("import", "corrected.csv", "-m", "m.yaml", "--revision", "9")
    assert (status, "says itself which revision a row is" in err) == (2, True)


def test_where_the_ledger_cannot_be_asked_one_line_says_so_and_the_file_is_compared_with_itself(
    sent: list[InMemoryProducer], touchline: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(Path("one.csv"), [receipt(1)])
    write_csv(Path("two.csv"), [receipt(2), corrected(1)])

    def absent(settings: object, **options: object) -> Stored:
        raise EngineUnreachable("ClickHouse does not answer", "touchline up")

    monkeypatch.setattr(contested_module, "open_stored", absent)
    assert touchline("import", "one.csv", "-m", "m.yaml") == (
        0,
        "one.csv: sent 1 event\n",
        "known ids were not compared: ClickHouse does not answer\n",
    )
    status, _, err = touchline("import", "one.csv", "two.csv", "-m", "m.yaml")
    assert status == 4
    assert "two.csv: 1 id came more than once with different contents" in err
    assert err.count("not compared") == 1


def test_a_dry_run_without_the_person_key_compares_nothing_with_the_ledger(tmp_path: Path) -> None:
    settings = Settings(person_key_file=tmp_path / "none")
    with contested_module.open_comparison(settings, revised=False, is_dry=True) as comparison:
        assert comparison.fault.startswith("there is no person key in ")


def test_a_watched_folder_tells_of_contested_ids_too(
    sent: list[InMemoryProducer], stored: Stored, touchline: Run
) -> None:
    Path("inbox").mkdir()
    words = ("import", "watch", "inbox", "--mapping", "m.yaml", "--once")
    write_csv(Path("inbox/a.csv"), [receipt(1)])
    assert touchline(*words) == (0, "inbox/a.csv: sent 1 event\n", "")
    stored.store(sent[0].events)
    write_csv(Path("inbox/b.csv"), [corrected(1)])
    status, out, err = touchline(*words)
    assert (status, out) == (4, "inbox/b.csv: sent 1 event\n")
    assert "inbox/b.csv: 1 known id came with other contents" in err
    assert touchline(*words) == (0, "", "")


def test_a_dry_run_checks_and_leaves_no_trace(sent: list[InMemoryProducer], touchline: Run, tmp_path: Path) -> None:
    write_csv(Path("till.csv"), [receipt(1), BAD_ROWS["a time before all events"][0]])
    status, out, err = touchline("import", "till.csv", "--mapping", "m.yaml", "--dry-run")
    assert (status, out) == (1, "till.csv: checked 1 event, refused 1 row\n")
    assert "line 3: field time: time_out_of_range" in err
    assert sent == []


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (("none.csv", "-m", "m.yaml"), "there is no file none.csv", "or a command: retail"),
        (("retial",), "Missing option '--mapping'", "touchline import --help"),
        ((".", "-m", "m.yaml"), ". is a folder", "touchline import watch"),
        (("till.dat", "-m", "m.yaml"), "does not tell its format", "file: {format: csv}"),
        (("till.ods", "-m", "m.yaml"), "till.ods is a spreadsheet", "save it as .xlsx or as CSV UTF-8"),
        (("renamed.csv", "-m", "m.yaml"), "renamed.csv is a spreadsheet", "file: {format: xlsx}"),
        (("umlaut.csv", "-m", "m.yaml"), "is not in the encoding utf-8", "file: {encoding: cp1252}"),
        (("till.csv", "-m", "none.yaml"), "the mapping none.yaml cannot be read", "files.md"),
        (("watch", "none", "-m", "m.yaml"), "there is no folder none", "make it"),
        (("watch", ".", "-m", "m.yaml", "--pattern", "/data/*.csv", "--once"), "the pattern is no pattern", "*.csv"),
        (("watch", ".", "-m", "m.yaml", "--pattern", "", "--once"), "the pattern is no pattern", "*.csv"),
    ],
)
def test_wrong_usage_is_status_2_with_a_remedy(
    sent: list[InMemoryProducer], touchline: Run, words: tuple[str, ...], says: str, hint: str
) -> None:
    write_csv(Path("till.csv"), [receipt(1)])
    for name, content in (
        ("till.dat", b""),
        ("till.ods", b""),
        ("renamed.csv", b"PK\x03\x04\0\0"),
        ("umlaut.csv", b"Gesch\xe4ft\n"),
    ):
        Path(name).write_bytes(content)
    status, _, err = touchline("import", *words)
    assert status == 2
    assert says in err
    assert hint in err
    assert "\\udc" not in err


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", ""), ("a.csv", "store,receipt\n"), ("a.ndjson", ""), ("a.json", "[]")]
)
def test_a_file_without_rows_is_said(sent: list[InMemoryProducer], touchline: Run, name: str, text: str) -> None:
    if text.startswith("store"):
        write_csv(Path(name), [])
    else:
        Path(name).write_text(text)
    assert touchline("import", name, "-m", "m.yaml") == (0, f"{name}: no rows\n", "")


def test_a_column_that_no_row_of_ndjson_has_is_told(sent: list[InMemoryProducer], touchline: Run) -> None:
    write_ndjson(Path("till.ndjson"), [receipt(1), receipt(2)])
    assert touchline("import", "till.ndjson", "-m", "m.yaml") == (0, "till.ndjson: sent 2 events\n", "")
    Path("m.yaml").write_text(MAPPING.replace("column: total", "column: totl"))
    status, _, err = touchline("import", "till.ndjson", "-m", "m.yaml", "--dry-run")
    assert (status, err) == (0, "till.ndjson: no row has 'totl', which the mapping reads as amount; is it spelt so?\n")


def test_a_file_without_names_of_columns_is_told_without_its_values(
    sent: list[InMemoryProducer], touchline: Run
) -> None:
    Path("till.csv").write_text("9,17,01.03.2026 09:30:00,1.50,GBP,card of Ada,3\n")
    status, _, err = touchline("import", "till.csv", "-m", "m.yaml")
    assert status == 2
    assert "its first line has 7 cells" in err
    assert "header: […]" in err
    assert "Ada" not in err


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_told(sent: list[InMemoryProducer], touchline: Run, encoding: str) -> None:
    text = write_csv(Path("till.csv"), [receipt(1)]).read_text()
    Path("till.csv").write_text(text, encoding=encoding)
    status, _, err = touchline("import", "till.csv", "-m", "m.yaml")
    assert status == 2
    assert "till.csv is UTF-16" in err
    assert "save it as UTF-8" in err


def test_a_watched_folder_takes_each_content_once(sent: list[InMemoryProducer], touchline: Run) -> None:
    inbox = Path("inbox")
    inbox.mkdir()
    write_csv(inbox / "a.csv", [receipt(1)])
    write_csv(inbox / "b.csv.part", [receipt(2)])
    (inbox / ".hidden.csv").write_bytes(b"")
    words = ("import", "watch", "inbox", "--mapping", "m.yaml", "--once")
    assert touchline(*words) == (0, "inbox/a.csv: sent 1 event\n", "")
    (inbox / "a.csv").rename(inbox / "again.csv")
    assert touchline(*words) == (0, "", "")
    (inbox / "b.csv.part").rename(inbox / "b.csv")
    (inbox / "c.parquet").write_bytes(b"no parquet")
    status, out, err = touchline(*words)
    assert (status, out) == (1, "inbox/b.csv: sent 1 event\n")
    assert "c.parquet cannot be read" in err


def test_an_export_of_a_survey_tool_is_sent_by_question(sent: list[InMemoryProducer], touchline: Run) -> None:
    Path("q.csv").write_text(surveys.QUALTRICS)
    Path("s.yaml").write_text(surveys.BOTH)
    told = "q.csv (recommend): sent 1 event, left out 2 rows\nq.csv (satisfied): sent 2 events, left out 1 row\n"
    assert touchline("import", "q.csv", "-m", "s.yaml") == (0, told, "")
    status, out, _ = touchline("import", "q.csv", "-m", "s.yaml", "--dry-run", "--json")
    assert status == 0
    assert [(one["question"], one["accepted"], one["left_out"]) for one in map(json.loads, out.splitlines())] == [
        ("recommend", 1, 2),
        ("satisfied", 2, 1),
    ]
    status, out, err = touchline("import", "q.csv", "--mapping", "qualtrics")
    assert (status, out) == (2, "")
    assert "  recommend: {kpi: nps, scale: [0, 10], score: Q1, comment: Q1_TEXT}\n" in err
    assert "  Q2  # How satisfied were you?" in err


def test_a_watched_folder_takes_each_question_once(sent: list[InMemoryProducer], touchline: Run) -> None:
    Path("inbox").mkdir()
    Path("inbox", "q.csv").write_text(surveys.QUALTRICS)
    Path("s.yaml").write_text(surveys.BOTH)
    words = ("import", "watch", "inbox", "--mapping", "s.yaml", "--once")
    status, out, _ = touchline(*words)
    assert (status, out.count("inbox/q.csv (")) == (0, 2)
    assert touchline(*words) == (0, "", "")
    Path("inbox", "q.csv").write_text(surveys.QUALTRICS.replace("EN,9", "EN,nine"))
    status, out, err = touchline(*words)
    assert (status, out.splitlines()[0]) == (
        1,
        "inbox/q.csv (recommend): sent 0 events, refused 1 row (1 new in the quarantine), left out 2 rows",
    )
    assert "(recommend): line 5: field score" in err


def test_a_file_that_somebody_is_writing_to_is_left_alone_until_it_rests(tmp_path: Path) -> None:
    drops = DropFolder(tmp_path, "*")
    path = write_csv(tmp_path / "a.csv", [receipt(1)])
    assert list(drops.look()) == []
    with path.open("a") as file:
        file.write("\n")
    assert list(drops.look()) == []
    assert list(drops.look()) == [path]
    drops.mark(path)
    assert list(drops.look()) == []
    with path.open("a") as file:
        file.write("\n")
    assert [list(drops.look()), list(drops.look())] == [[], [path]]


def test_a_file_of_the_same_size_whose_time_was_set_back_is_taken_again(tmp_path: Path) -> None:
    drops = DropFolder(tmp_path, "*")
    path = write_csv(tmp_path / "a.csv", [receipt(1)])
    before = path.stat()
    assert list(drops.look(is_settled=True)) == [path]
    drops.mark(path)
    write_csv(path, [receipt(2)])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert list(drops.look(is_settled=True)) == [path]


def test_a_watched_folder_waits_for_kafka(
    sent: list[InMemoryProducer], touchline: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("inbox").mkdir()
    write_csv(Path("inbox/a.csv"), [receipt(1)])
    calls = []

    def absent_twice(settings: object, outbox: object, sources: object) -> InMemoryProducer:
        calls.append(1)
        if len(calls) < 3:
            raise EngineUnreachable("Kafka does not answer", "touchline up")
        sent.append(new_producer())
        return sent[-1]

    def interrupted_when_done(seconds: float) -> None:
        if sent:
            raise KeyboardInterrupt

    monkeypatch.setattr(watch_module, "open_producer", absent_twice)
    monkeypatch.setattr(time, "sleep", interrupted_when_done)
    status, out, err = touchline("import", "watch", "inbox", "--mapping", "m.yaml")
    assert (status, out) == (130, "inbox/a.csv: sent 1 event\n")
    assert err.count("Kafka does not answer") == 2
    assert len(sent[0].events) == 1


@pytest.mark.parametrize(
    "fault", [DeliveryFailed(3, None), OutboxFull("the outbox is full", "make room"), EngineUnreachable("away", "wait")]
)
def test_a_watched_folder_outlives_a_kafka_that_goes_away_amid_a_file(
    sent: list[InMemoryProducer], touchline: Run, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    Path("inbox").mkdir()
    write_csv(Path("inbox/a.csv"), [receipt(1)])
    secure, calls = InMemoryProducer.secure, []

    def fails_once(producer: InMemoryProducer) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise fault
        secure(producer)

    def interrupted_when_done(seconds: float) -> None:
        if len(calls) > 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(InMemoryProducer, "secure", fails_once)
    monkeypatch.setattr(time, "sleep", interrupted_when_done)
    status, out, err = touchline("import", "watch", "inbox", "--mapping", "m.yaml")
    assert (status, out) == (130, "inbox/a.csv: sent 1 event\n")
    assert "it tries again" in err


def watched(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]) -> None:
    """Between two looks of `import watch` one step each; after the last it is interrupted."""
    left = iter(steps)

    def sleep(seconds: float) -> None:
        step = next(left, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(time, "sleep", sleep)


def test_a_watched_folder_sends_its_files_as_soon_as_their_source_is_declared(
    sent: list[InMemoryProducer], touchline: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("inbox").mkdir()
    for name in ("a", "b"):
        write_csv(Path(f"inbox/{name}.csv"), [receipt(1), receipt(2)])
    declared = Path("sources.yaml")
    monkeypatch.setenv("TOUCHLINE_SOURCES_FILE", str(declared))
    declared.write_text("sources:\n  other: {legal_basis: contract}\n")
    nothing = lambda: None  # noqa: E731 - a step
    watched(
        monkeypatch,
        nothing, nothing, nothing,
        lambda: declared.write_text("sources:\n  other: {legal_basis: contract}\n  retail-pos: {legal_basis: contract}\n"),
        nothing, nothing,
    )  # fmt: skip
    status, out, err = touchline("import", "watch", "inbox", "--mapping", "m.yaml")
    assert (status, out.splitlines()) == (130, ["inbox/a.csv: sent 2 events"])  # b has the same content
    assert err.count("the source retail-pos of the mapping is not declared") == 1
    assert "as soon as sources.yaml declares it" in err


def test_a_watched_folder_goes_on_by_the_declarations_of_before_while_the_file_is_broken(
    sent: list[InMemoryProducer], touchline: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("inbox").mkdir()
    declared = Path("sources.yaml")
    monkeypatch.setenv("TOUCHLINE_SOURCES_FILE", str(declared))
    declared.write_text("sources:\n  retail-pos: {legal_basis: contract}\n")
    watched(
        monkeypatch,
        lambda: declared.write_text("sources: ["),
        lambda: write_csv(Path("inbox/a.csv"), [receipt(1)]),
        lambda: None,
    )
    status, out, err = touchline("import", "watch", "inbox", "--mapping", "m.yaml")
    assert (status, out) == (130, "inbox/a.csv: sent 1 event\n")
    assert err.count("is not valid YAML") == 1


def test_rows_of_undeclared_sources_are_one_sentence_a_source_with_a_count(
    sent: list[InMemoryProducer], touchline: Run
) -> None:
    Path("by_store.yaml").write_text(MAPPING.replace("source: retail-pos", "source: {column: store}"))
    names = ["retail-poss", "crm", "retail-poss", "Kasse 7", "kasse"]
    write_csv(Path("till.csv"), [[names[number % 5], *receipt(number)[1:]] for number in range(1, 101)])
    status, out, err = touchline("import", "till.csv", "--mapping", "by_store.yaml", "--json")
    assert status == 1
    assert (json.loads(out)["rejected"], len(json.loads(out)["rejections"])) == (80, 80)
    assert err.splitlines() == [
        "till.csv: 40 rows name the source retail-poss, which is not declared: did you mean retail-pos? Else declare it in sources.yaml "
        "with its legal basis, or correct the name",
        "till.csv: 20 rows name a source in another form than source ids have, which is not declared: declare it in sources.yaml "
        "with its legal basis, or correct the name",
        "till.csv: 20 rows name the source kasse, which is not declared: declare it in sources.yaml with its legal basis, or correct "
        "the name",
    ]


def test_a_signal_that_a_destructor_swallows_ends_the_watching_all_the_same(
    sent: list[InMemoryProducer], touchline: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("inbox").mkdir()

    def swallowed(seconds: float) -> None:
        with contextlib.suppress(SystemExit):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(time, "sleep", swallowed)
    before = signal.getsignal(signal.SIGTERM)
    assert touchline("import", "watch", "inbox", "--mapping", "m.yaml") == (143, "", "")
    assert signal.getsignal(signal.SIGTERM) is before


ORDER = {
    "id": 1,
    "created_at": "2026-03-01T09:30:00Z",
    "updated_at": "2026-03-01T09:30:00Z",
    "total_price": "9.90",
    "currency": "EUR",
    "financial_status": "paid",
}


def test_an_export_is_imported_by_the_name_of_a_mapping_for_the_source_that_is_named(
    sent: list[InMemoryProducer], touchline: Run
) -> None:
    Path("orders.json").write_text(json.dumps({"orders": [ORDER]}))
    status, out, err = touchline("import", "orders.json", "--mapping", "shopify")
    assert (status, out) == (2, "")
    assert "error: the mapping shopify ships, so it does not say whose the file is\nhint: name a source" in err
    words = ("--mapping", "shopify", "--source", "retail-pos")
    assert touchline("import", "orders.json", *words) == (0, "orders.json: sent 1 event\n", "")
    Path("inbox").mkdir()
    Path("orders.json").rename("inbox/orders.json")
    assert touchline("import", "watch", "inbox", "--once", *words) == (0, "inbox/orders.json: sent 1 event\n", "")
    (event,) = sent[-1].events
    assert (event["source"], event["id"], event["amount"]["amount_minor"]) == ("retail-pos", "order/1", 990)


def test_mappings_that_ship_are_listed_and_a_printed_one_is_a_mapping(
    sent: list[InMemoryProducer], touchline: Run
) -> None:
    status, out, _ = touchline("import", "mappings")
    names = [line.split()[0] for line in out.splitlines()]
    assert (status, names) == (0, sorted(names))
    assert {"ga4", "matomo", "ocel", "poslog", "shopify", "snowplow", "xes"} <= set(names)
    status, out, _ = touchline("import", "mappings", "--json")
    assert [json.loads(line)["mapping"] for line in out.splitlines()] == names
    status, out, _ = touchline("import", "mappings", "shopify")
    Path("ours.yaml").write_text(out.replace("web_purchase", "checkout"))
    Path("orders.json").write_text(json.dumps([ORDER]))
    assert touchline("import", "orders.json", "-m", "ours.yaml", "--source", "retail-pos")[0] == 0
    assert [event["touchpoint"] for event in sent[-1].events] == ["checkout"]
    status, _, err = touchline("import", "mappings", "shopfy")
    assert (status, "did you mean 'shopify'?" in err) == (2, True)


def test_the_page_on_exports_shows_what_the_command_says(
    sent: list[InMemoryProducer], touchline: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = [
        block for block in blocks_of(ROOT / "docs" / "senders" / "stores.md") if block.language in ("sh", "console")
    ]
    subprocess.run(["bash", "-ec", page[0].text], check=True)
    monkeypatch.setenv("TOUCHLINE_PERSON_KEY_FILE", "none")
    for step in steps_of(page[1]):
        status, out, err = touchline(*step.command.split()[1:])
        assert (status, err) == (0, "")
        assert matches(step.expected or "", out), step.command
