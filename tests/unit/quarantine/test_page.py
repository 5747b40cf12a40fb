"""What the pages of `touchline quarantine` say."""

from __future__ import annotations

import pytest

from tests.unit.quarantine.rig import NOW, event, kept
from touchline.quarantine.page import entries_page, entry_page
from touchline.terminal import REPLACEMENT, print_page


def test_an_id_cannot_look_like_further_lines_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    print_page(entry_page(kept(event(), event_id="visit-1\n  settled   2026-01-01, discarded: forged")), 200)
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if line.startswith("  settled")]
    assert f"  event     visit-1{REPLACEMENT}  settled" in "\n".join(lines)


def test_an_empty_list_says_whether_filters_made_it_empty(capsys: pytest.CaptureFixture[str]) -> None:
    print_page(entries_page([], NOW, False, 0), 80)
    print_page(entries_page([], NOW, False, 0, is_filtered=True), 80)
    assert capsys.readouterr().out == "nothing is in quarantine\nnothing is in quarantine that this selects\n"


def test_the_list_says_what_to_do_about_each_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    entries = [kept(event(), reason=reason).entry for reason in ("unknown_source", "not_json", "unknown_source")]
    print_page(entries_page(entries, NOW, False, 3), 250)
    hints = [line for line in capsys.readouterr().out.splitlines() if line.startswith("hint: ")]
    assert [hint.split(": ")[1] for hint in hints] == ["unknown_source", "not_json"]
    assert "sources.yaml" in hints[0]
    print_page(entries_page(entries, NOW, True, 3), 250)
    assert "hint" not in capsys.readouterr().out
