"""Texts of events on a terminal."""

from __future__ import annotations

import pytest
from rich.table import Table

from touchline.cli.pages import REPLACEMENT, print_page


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
