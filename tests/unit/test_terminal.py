"""Texts of events on a terminal."""

from __future__ import annotations

import pytest
from rich.table import Table

from touchline.terminal import REPLACEMENT, print_page, whole_table


def test_an_escape_sequence_in_a_name_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("touchpoint")
    table.add_row("till\x1b]0;owned\x07\x9b31m")
    table.add_row("Käse [bold]€[/bold]")
    print_page(table, 80)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert f"till{REPLACEMENT}]0;owned" in shown
    assert "Käse" in shown
    assert "\n" in shown


def test_a_name_cannot_turn_the_direction_of_the_text_behind_it(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("touchpoint")
    turning = "\u202a\u202b\u202d\u202e\u202c\u2066\u2067\u2068\u2069\u2028\udcff"
    table.add_row(f"a{turning}b")
    table.add_row("\u05e9\u05dc\u05d5\u05dd \U0001f469\u200d\U0001f4bb")
    print_page(table, 80)
    shown = capsys.readouterr().out
    assert not set(shown) & set(turning)
    assert "\u05e9\u05dc\u05d5\u05dd \U0001f469\u200d\U0001f4bb" in shown


@pytest.mark.parametrize("width", [24, 60])
def test_a_narrow_terminal_cuts_no_cell(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    table = whole_table("view", "events", right=("events",))
    table.add_row("kpi_persons_touchpoint_1d", "1,234,567")
    table.add_row("kpi_persons_touchpoint_1h", "7")
    print_page(table, width)
    lines = capsys.readouterr().out.splitlines()[1:]
    assert "".join(line.split()[0] for line in lines) == "kpi_persons_touchpoint_1dkpi_persons_touchpoint_1h"
    assert [line.split()[1] for line in lines if len(line.split()) > 1] == ["1,234,567", "7"]
