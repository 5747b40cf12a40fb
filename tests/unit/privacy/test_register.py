"""The register of processing: all that is declared stands in it, and what is not declared is told and never guessed."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from hypothesis import given, strategies as st

from tests.support.access import read_access
from touchline.cli.main import run
from touchline.errors import WrongUsage
from touchline.privacy.register import (
    ALSO_KEPT,
    ARTICLES,
    FORMAT,
    READERS,
    Register,
    as_object,
    basis_of,
    how_long,
    register_of,
)
from touchline.privacy.register_page import html_of, markdown_of
from touchline.schemas.sources import Source, SourcesFile, load_sources_file

WHOLE = """
controller: {name: Corner Shop Ltd, contact: privacy@corner-shop.example, data_protection_officer: dpo@corner-shop.example}
sources:
  web-shop:
    name: Web shop
    legal_basis: consent
    purposes: [analytics, personalisation]
    why: to see where the shop is hard to use
    subjects: [visitors]
    data: [page views, a random id of the browser]
    retention_days: 395
    recipients: [Hosting Ltd as processor]
    transfers: ['Canada: adequacy decision']
  till:
    legal_basis: legitimate_interests
    interest: to plan staff
    why: to plan staff
    subjects: [customers]
    data: [purchases]
    retention_days: 30
    recipients: []
    transfers: []
"""


def register(text: str) -> Register:
    return register_of(SourcesFile.model_validate(yaml.safe_load(text)))


class Texts(HTMLParser):
    """The text of a page, and the names of its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> Texts:
    found = Texts()
    found.feed(page)
    return found


def test_everything_that_is_declared_stands_in_every_form() -> None:
    found = register(WHOLE)
    assert found.missing == []
    for words in (
        "Corner Shop Ltd", "dpo@corner-shop.example", "Web shop", "to see where the shop is hard to use", "analytics, personalisation",
        "visitors", "page views", "395 days", "Hosting Ltd as processor", "Canada: adequacy decision", "to plan staff", "nobody else",
        "none outside the EEA", "Article 6 (1) (a)", "Article 6 (1) (f)",
    ):  # fmt: skip
        assert words in markdown_of(found, "1.0").replace("\\", "")
        assert words in " ".join(read(html_of(found, "1.0")).texts)
    told = as_object(found, "1.0")
    assert (told["format"], told["missing"]) == (FORMAT, [])
    assert json.loads(json.dumps(told)) == json.loads(json.dumps(as_object(register(WHOLE), "1.0")))


def test_what_nobody_declared_is_named_by_source_and_field_and_not_guessed() -> None:
    found = register(
        "sources: {till: {legal_basis: legitimate_interests}, web: {legal_basis: consent}, crm: {legal_basis: contract}}"
    )
    common = ["why", "subjects", "data", "retention_days", "recipients", "transfers"]
    expected = {"crm": common, "till": [*common, "interest"], "web": [*common, "purposes"]}
    assert found.missing == ["controller", *(f"{name}.{field}" for name, some in expected.items() for field in some)]
    crm = found.entries[0]
    assert (crm.name, crm.recipients, crm.transfers) == ("crm", None, None)
    assert how_long(crm).startswith("1,095 days (the default: not declared); nothing ends them so far")
    assert "the interest is not declared" in basis_of(found.entries[1])
    for page in (markdown_of(found, "1.0"), html_of(found, "1.0")):
        assert page.count("not declared") >= 12
        assert "crm.why" in page


def test_terms_by_class_and_what_becomes_of_events_then_are_told() -> None:
    (entry,) = register(
        "sources: {till: {legal_basis: contract, retention_days: 30, retention: {answers: 60}, when_expired: anonymise}}"
    ).entries
    told = how_long(entry)
    assert told.startswith("30 days; answers: 60 days; identifies: 60 days; then they count on without")
    assert told.endswith("Statements of consent stay until the person is erased")
    assert how_long(entry._replace(when_expired="erase")).split("; ")[-1].startswith("then they are erased")


@given(st.text(min_size=1, max_size=40).filter(str.strip), st.text(min_size=1, max_size=40).filter(str.strip))
def test_no_text_of_a_file_becomes_markup(name: str, why: str) -> None:
    plain = register("sources: {till: {legal_basis: contract, name: a, why: b}}")
    (entry,) = plain.entries
    odd = Register(None, [entry._replace(name=name, why=why)])
    assert read(html_of(odd, "1.0")).tags == read(html_of(plain, "1.0")).tags
    assert len(markdown_of(odd, "1.0").split("\n")) == len(markdown_of(plain, "1.0").split("\n"))
    for line in markdown_of(odd, "1.0").split("\n"):
        if line.startswith("| What for"):
            assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3


def test_every_legal_basis_has_its_article() -> None:
    field = Source.model_json_schema()["properties"]["legal_basis"]
    assert set(field["enum"]) == set(ARTICLES)


def test_who_reads_are_the_roles_that_there_are() -> None:
    assert {one.role for one in READERS} == set(read_access().rights)


def test_the_term_of_quarantined_bytes_is_that_of_the_table(project_dir: Path) -> None:
    table = (project_dir / "sql/schema/migrations/0001_create_ledger.sql").read_text()
    (days,) = re.findall(r"payload String.* INTERVAL (\d+) DAY", table)
    assert ALSO_KEPT[0][1].startswith(f"{days} days")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sources: {till: {legal_basis: contract, interest: to earn}}", "sources.till.*interest says nothing"),
        ("sources: {till: {legal_basis: contract, subjects: customers}}", "sources.till.subjects"),
        ("sources: {till: {legal_basis: contract, data: ['']}}", "sources.till.data.0"),
        ("sources: {till: {legal_basis: contract, recipients: [' ']}}", "sources.till.recipients.0"),
        (f"sources: {{till: {{legal_basis: contract, why: {'x' * 501}}}}}", "sources.till.why"),
        ("{controller: {name: Shop}, sources: {}}", "controller.contact"),
        ("{controller: {name: '', contact: x}, sources: {}}", "controller.name"),
        ("{controller: {name: a, contact: b, mail: c}, sources: {}}", "controller.mail"),
    ],
)
def test_what_is_declared_wrongly_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    with pytest.raises(WrongUsage, match=says) as refused:
        load_sources_file(path)
    assert refused.value.hint


@pytest.fixture
def sources_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "sources.yaml"
    monkeypatch.setenv("TOUCHLINE_SOURCES_FILE", str(path))
    return path


@pytest.mark.parametrize("form", ["markdown", "json", "html"])
def test_the_command_writes_each_form_alike_every_time(
    sources_file: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sources_file.write_text(WHOLE)
    written = []
    for _ in range(2):
        assert run(["privacy", "register", "--format", form, "--strict"]) == 0
        told = capsys.readouterr()
        assert told.err == ""
        written.append(told.out)
    assert written[0] == written[1]
    if form == "json":
        assert run(["privacy", "register", "--json"]) == 0
        assert capsys.readouterr().out == written[0]
    assert "Corner Shop Ltd" in written[0]


def test_strict_fails_while_something_is_missing_and_says_what_to_do(
    sources_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources_file.write_text("sources: {till: {legal_basis: contract}}")
    assert run(["privacy", "register"]) == 0
    assert "7 fields are not declared: controller, till.why" in capsys.readouterr().err
    assert run(["privacy", "register", "--strict"]) == 4
    told = capsys.readouterr()
    assert "hint: declare them in sources.yaml" in told.err
    assert "# Register of processing" in told.out


def test_the_shipped_sources_are_declared_but_for_the_company_that_answers_for_them(project_dir: Path) -> None:
    assert register_of(load_sources_file(project_dir / "sources.yaml")).missing == ["controller"]
