"""Retention as text and as JSON: what is due, where nothing ends, and the small cells with their remedy."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from touchline.retention.page import render_retention
from touchline.retention.values import REMEDY, ClassState, Retention, SmallCell, as_object
from touchline.terminal import plain, print_page

DAY = date(2026, 3, 10)
DUE = ClassState(
    "till", "touchpoints", 30, "erase", date(2026, 2, 8), 12, 3, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), 70, 0, None
)
CONSENTS = ClassState("till", "consents", None, "erase", None, 0, 0, None, 0, 0, None)
KEEPING = DUE._replace(source="web", when_expired=None)
CELL = SmallCell("till", "checkout", "", date(2025, 1, 1), 2)


def page(*classes: ClassState, capsys: Any, cells: int = 0, waiting: int = 0) -> str:
    print_page(render_retention(Retention(DAY, classes, waiting, [CELL] * cells, cells, 5)), 200)
    return str(capsys.readouterr().out)


def test_each_class_says_its_term_what_is_due_and_what_becomes_of_it(capsys: Any) -> None:
    lines = page(DUE, CONSENTS, capsys=capsys).splitlines()
    assert len(lines) == 6
    assert lines[1].split() == [
        "till", "touchpoints", "30", "days", "2026-02-08", "erase", "12", "3", "2026-01-02", "03:04", "70", "0", "-",
    ]  # fmt: skip
    assert lines[3] == "statements of consent stay until their person is erased"
    assert "next sweeps" in lines[-1]


def test_classes_with_one_term_and_nothing_to_tell_share_a_line(capsys: Any) -> None:
    quiet = DUE._replace(event_class="answers", due=0, due_versions=0, oldest=None, erased=0)
    others = [quiet, quiet._replace(event_class="initiatives"), quiet._replace(event_class="identifies", days=60)]
    lines = page(DUE, *others, CONSENTS, capsys=capsys).splitlines()
    assert [line.split()[1:4] for line in lines[1:4]] == [
        ["touchpoints", "30", "days"],
        ["answers,", "initiatives", "30"],
        ["identifies", "60", "days"],
    ]
    ended = CONSENTS._replace(erased=1, last_ended_at=datetime(2026, 1, 2, tzinfo=UTC))
    assert "till    consents  until erased" in page(ended, capsys=capsys)


def test_a_source_that_ends_nothing_is_named_with_the_way_to_change_that(capsys: Any) -> None:
    told = page(KEEPING, capsys=capsys)
    assert "nothing ends of web: when_expired is not declared" in told
    assert "hint: add `when_expired: erase`" in told
    assert "next sweeps" not in told
    assert "when_expired" not in page(CONSENTS, capsys=capsys)


@pytest.mark.parametrize(("cells", "shown"), [(1, 1), (12, 10)])
def test_small_cells_are_told_with_the_remedy(cells: int, shown: int, capsys: Any) -> None:
    told = page(CONSENTS, capsys=capsys, cells=cells)
    assert told.count("checkout") == shown
    assert "below 5 (source, touchpoint, place, day)" in told
    assert "when_expired: erase" in told


def test_what_waits_to_be_blanked_is_told_with_the_command(capsys: Any) -> None:
    assert "3 records ended and still name somebody" in page(CONSENTS, capsys=capsys, waiting=3)
    assert "1 record ended and still names somebody" in page(CONSENTS, capsys=capsys, waiting=1)
    assert "--blank" not in page(CONSENTS, capsys=capsys)


def test_the_object_holds_every_class_and_cell_and_the_remedy_where_there_is_a_cell() -> None:
    found: Any = json.loads(json.dumps(as_object(Retention(DAY, [DUE, CONSENTS], 3, [CELL], 1, 5)), default=plain))
    assert (found["classes"][0]["due"], found["waits_to_be_blanked"]) == (12, 3)
    assert found["classes"][1]["days"] is None
    assert found["small_cells"]["cells"] == [
        {"source": "till", "touchpoint": "checkout", "place": "", "day": "2025-01-01", "events": 2}
    ]
    assert found["small_cells"]["remedy"] == REMEDY
    none: Any = as_object(Retention(DAY, [DUE], 0, [], 0, 5))
    assert none["small_cells"]["remedy"] == ""
