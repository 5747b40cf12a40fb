"""`touchline care check`: what rules mean, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from touchline.cli.main import run


def test_the_rules_that_ship_are_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["care", "check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "version 1: 8 rules, 0 sinks"
    assert (
        lines[1]
        == "detractor: recovery (high) when an answer is nps, scored bad; to be reached within 24 hours; needs contact_me"
    )
    below, unusual, volume = (one.partition(" when ")[2] for one in lines[6:9])
    assert below == "any KPI over 28 days has its whole interval on the bad side of the map's target; about no person"
    alarms = "is beyond the limits of the 28 days before; false alarms on at most 0.27 % of days; about no person"
    assert (unusual, volume) == (f"on a day any KPI {alarms}", f"on a day the number of events {alarms}")
    assert lines[-1] == "no sinks: cases are opened, and nobody is told"


def test_every_mistake_is_named_with_its_line_and_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "care.yaml"
    file.write_text(
        "version: 1\nrules:\n  - {id: a, answr: {kpi: nps}}\n  - {id: b, event: {touchpoint: till}, in_a_row: two}\n"
        "sinks:\n  - {id: c}\n  - {id: d, webhook: {url: crm.example}}\n"
    )
    assert run(["care", "check", str(file)]) == 2
    said = capsys.readouterr().err
    assert f"{file}:3: rules[0].answr: there is no such field; did you mean 'answer'?" in said
    assert f"{file}:4: rules[1].in_a_row: expected a whole number" in said
    assert f"{file}:6: sinks[0]: a sink is either kafka or webhook; write one of them" in said
    assert f"{file}:7: sinks[1].webhook: the url of a webhook begins with https:// or http://; write it whole" in said
    assert "touchline care check" in said


def test_an_address_that_may_hold_a_secret_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "care.yaml"
    file.write_text(
        "version: 1\nrules: []\nsinks:\n  - {id: chat, webhook: {url: 'https://chat.example/T0/secret', template: slack}}\n"
    )
    assert run(["care", "check", str(file), "--json"]) == 0
    said = capsys.readouterr().out
    assert json.loads(said)["sinks"][0]["to"] == "webhook (slack, not signed)"
    assert "secret" not in said


def test_what_is_no_id_of_a_case_is_refused_before_clickhouse_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cases", "show", "loyalty:4711"]) == 2
    assert "4711" not in capsys.readouterr().err
    assert run(["cases", "own", "5f1c20aa"]) == 2
    assert run(["cases", "resolve", "5f1c20aa"]) == 2
