"""What the printed report says where there is nothing to list."""

from __future__ import annotations

import re

import pytest

from touchline.report.page import render
from touchline.report.values import Account, MapPart, Report, StageLine, Totals, TouchpointLine, as_object
from touchline.sql.language.catalogue import load_catalogue
from touchline.terminal import print_page

LINE = TouchpointLine("store_visit", "purchase", ["store"], False, 3, 2, [])
PART = MapPart("retail", 1, "Retail", True, None, [LINE], [])
ACCOUNT = Account(3, 3, 0, 0, 0, 0, 0, 0, True)
REPORT = Report([PART], Totals(3, 2, 1, 0, None, None), [], [], [], 0, [], ACCOUNT)


def test_that_nothing_is_unmapped_or_kept_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Silence could as well mean that nobody looked."""
    print_page(render(REPORT), 160)
    said = capsys.readouterr().out
    assert "unmapped: 0 of 3 events (0.0%)" in said
    assert "quarantine: nothing is kept out" in said


def test_what_is_listed_is_not_said_to_be_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_page(
        render(REPORT._replace(unmapped=[("shop", "kiosk", "", 1)], unmapped_events=1, quarantine=[("not_json", 1)])),
        160,
    )
    said = capsys.readouterr().out
    assert "unmapped: 1 of 3 events (33.3%)" in said
    assert "kiosk" in said
    assert "nothing is kept out" not in said


def test_events_that_are_withheld_are_counted_by_source_and_are_no_fate(capsys: pytest.CaptureFixture[str]) -> None:
    print_page(render(REPORT), 160)
    assert "withheld" not in capsys.readouterr().out
    found = REPORT._replace(withheld=[("web", 1_200), ("app", 3)])
    print_page(render(found), 160)
    said = capsys.readouterr().out
    assert "since a consent was withdrawn" in said
    assert re.search(r"web\s+1,200", said)
    assert re.search(r"app\s+3\b", said)
    assert as_object(found)["withheld"] == {"web": 1_200, "app": 3}


def test_sources_that_are_not_declared_are_named_in_the_one_line_of_their_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = REPORT._replace(quarantine=[("unknown_source", 291)], undeclared=[("kasse", 289), ("desk", 2)])
    print_page(render(found), 200)
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("unknown_source")]
    assert "declare in sources.yaml, with its legal basis: kasse (289), desk (2)" in line
    assert line.split()[-1] == "291"


STAGE = StageLine("look", 10, 4, 3, 2, 1, 3, 8, 0.375, 0.1, 0.7)


@pytest.mark.parametrize("width", [80, 240])
def test_a_stage_says_what_became_of_its_journeys_and_of_how_many_its_rate_is(
    capsys: pytest.CaptureFixture[str], width: int
) -> None:
    print_page(render(REPORT._replace(maps=[PART._replace(stages=[STAGE])])), width)
    said = [line.split() for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["look"]]
    assert [cell for line in said for cell in line if cell != "look"] == [
        "10",
        "4",
        "3",
        "2",
        "1",
        "37.5%",
        "10.0%",
        "to",
        "70.0%",
        "8",
    ]


@pytest.mark.parametrize(("mode", "words"), [("in_order", "reached in order"), ("any", "reached in any order")])
def test_the_one_rate_of_a_stage_is_named_as_in_the_catalogue_with_its_mode(
    capsys: pytest.CaptureFixture[str], mode: str, words: str
) -> None:
    report = REPORT._replace(maps=[PART._replace(stages=[STAGE])], mode=mode)
    print_page(render(report), 240)
    said = capsys.readouterr().out
    ids = {kpi.id for kpi in load_catalogue().counts}
    assert f"stages, {words}" in said
    assert set(re.findall(r"\bstage_rate\w*", said)) == {"stage_rate"} <= ids
    assert as_object(report)["mode"] == mode
