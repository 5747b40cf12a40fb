"""What the printed report says where there is nothing to list."""

from __future__ import annotations

import re

import pytest

from touchline.report.page import render
from touchline.report.values import Account, MapPart, Report, StageLine, Totals, TouchpointLine
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


def test_rates_of_stages_are_named_as_in_the_catalogue_and_apart_from_the_dashboards(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The report counts open journeys in, the dashboard leaves them out: two KPIs, so two names."""
    stage = StageLine("look", 2, 0.5, 0.1, 0.9, 2, 0.5, 0.1, 0.9)
    print_page(render(REPORT._replace(maps=[PART._replace(stages=[stage])])), 240)
    said = capsys.readouterr().out
    ids = {kpi.id for kpi in load_catalogue().counts}
    for name in ("stage_rate", "stage_rate_any", "stage_rate_closed"):
        assert re.search(rf"\b{name}\b", said)
        assert name in ids
