"""Which rows of a file are events, and what their columns are called where a name comes again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.producers.imports.build import new_producer, send
from touchline.errors import WrongUsage
from touchline.producers.imports.fit import parts_of
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows.names import joined_names, numbered_names
from touchline.producers.imports.rows.open import open_rows

VISITS = """\
mapping: visits
source: retail-pos
id: number
time: at
zone: UTC
rows: {filled: [page], without: {kind: [test, -1]}}
fields: {touchpoint: {column: page, null_values: [none]}}
"""
ROWS = "number,at,page,kind\n1,2026-03-01,home,\n2,2026-03-01,none,\n3,2026-03-01,,real\n4,2026-03-01,home,test\n5,2026-03-01,home,-1\n"


def numbers(path: Path, mapping: str) -> list[str]:
    rows = open_rows(path, parse_mapping(mapping))
    found = [row.cells["number"] if row.cells is not None else "damaged" for row in rows]
    rows.close()
    return found


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("rows: {filled: [page], without: {kind: [test, -1]}}", ["1"]),
        ("rows: {filled: [page]}", ["1", "4", "5"]),
        ("rows: {filled: [page, kind]}", ["1", "3", "4", "5"]),
        ("rows: {without: {kind: [test]}}", ["1", "2", "3", "5"]),
    ],
)
def test_rows_that_are_no_events_are_read_over(tmp_path: Path, choice: str, expected: list[str]) -> None:
    path = tmp_path / "visits.csv"
    path.write_text(ROWS)
    assert numbers(path, VISITS.replace(VISITS.splitlines()[5], choice)) == expected


def test_a_damaged_row_is_told_whatever_it_was(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text(ROWS + "6,2026-03-01,home,,too many\n")
    assert numbers(path, VISITS) == ["1", "damaged"]


def test_an_import_that_was_interrupted_goes_on_with_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text(
        "number,at,page,kind\n" + "".join(f"{n},2026-03-01,{'home' if n % 3 else ''},\n" for n in range(30))
    )
    producer = new_producer()
    with ImportJournal(tmp_path / "journal", "t") as journal:
        with pytest.raises(KeyboardInterrupt):
            send(path, journal, producer, VISITS, rows_per_batch=5, advance=_interrupts_after(2))
        send(path, journal, producer, VISITS, rows_per_batch=5)
    assert [event["id"] for event in producer.events] == [str(n) for n in range(30) if n % 3]


def _interrupts_after(batches: int) -> Callable[[int], None]:
    left = [batches]

    def advance(units: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    return advance


def test_a_column_that_rows_names_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text(ROWS.replace("kind", "sort"))
    with pytest.raises(WrongUsage, match=r"has no column 'kind' \(rows\)"):
        open_rows(path, parse_mapping(VISITS))


def test_an_optional_column_may_be_absent_and_its_field_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text(ROWS)
    mapping = parse_mapping(
        VISITS.replace(
            "fields: {", "fields: {place: {column: store, optional: true}, brand: {column: kind, optional: true}, "
        )
        + "identifiers: {loyalty: {column: card, optional: true}}\nrevision: {column: changed, optional: true}\n"
    )
    (part,) = parts_of(path, mapping)
    assert sorted(part.mapping.fields) == ["brand", "touchpoint"]
    assert (part.mapping.identifiers, part.mapping.revision, part.question) == ({}, None, "")


def test_a_time_may_stand_in_another_column_where_the_first_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text("number,at,left,page\n1,,2026-03-02,home\n2,2026-03-01,2026-03-02,home\n3,,,home\n")
    mapping = VISITS.replace("time: at", "time: {column: at, otherwise: left}").replace(
        VISITS.splitlines()[5], "description: x"
    )
    producer = new_producer()
    with ImportJournal(tmp_path / "journal", "t") as journal:
        verdicts = send(path, journal, producer, mapping)
    assert [event["time"][:10] for event in producer.events if "time" in event] == ["2026-03-02", "2026-03-01"]
    assert (verdicts.accepted, verdicts.rejections[0].what) == (2, "column left is empty")


def test_other_stands_for_texts_that_values_does_not_list(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text("number,at,page\n1,2026-03-01,a\n2,2026-03-01,b\n3,2026-03-01,\n")
    mapping = VISITS.replace(VISITS.splitlines()[5], "description: x").replace(
        "null_values: [none]", "values: {a: home, none: nowhere}, other: elsewhere, default: none"
    )
    producer = new_producer()
    with ImportJournal(tmp_path / "journal", "t") as journal:
        send(path, journal, producer, mapping)
    assert [event["touchpoint"] for event in producer.events] == ["home", "elsewhere", "nowhere"]


def test_names_that_come_again_are_numbered() -> None:
    assert numbered_names(["a", "b", "a", "", "a", "a (2)"]) == ["a", "b", "a (2)", "column 4", "a (3)", "a (2) (2)"]


def test_names_of_two_rows_are_joined_where_a_question_has_several_columns() -> None:
    above = ["id", "Rate us", "", "Why?", "Tell us more", "", ""]
    below = ["", "Staff", "Goods", "Open-Ended Response", "", "", "Other"]
    expected = ["id", "Rate us: Staff", "Rate us: Goods", "Why?", "Tell us more", "", "Other"]
    assert joined_names(above, below) == expected
    assert joined_names(["a"], ["x", "y"]) == ["a: x", "a: y"]
