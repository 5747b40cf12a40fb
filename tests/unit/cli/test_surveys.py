"""`touchline surveys`: policies, checks, and a tried decision as it is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.asking.schedule import SECRET
from tests.unit.surveys.test_decide import EVENT, GRANTED, NOW, asking
from touchline.cli.main import run
from touchline.schemas.times import US_PER_HOUR
from touchline.surveys.asked import Asked
from touchline.surveys.decide import AskReason, EventFacts, PersonFacts, choose, most_telling
from touchline.surveys.page import Trial, render_trial, trial_object
from touchline.surveys.policies import FatigueRule
from touchline.terminal import print_page

POLICY = """\
policy: mine
version: 1
title: Mine
questions:
  - {question: csat_here, ask: {touchpoints: all}}
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "touchline.toml").write_text("")


def trial(*asks: Asked) -> Trial:
    rule = FatigueRule(id="weekly", scope="global", counts="shown", at_most=1, within_hours=168)
    told = most_telling(choose([asking("nps_here", rule)], EVENT, PersonFacts(asks, GRANTED), NOW, SECRET))
    assert told is not None
    return Trial(told[1].reason, EVENT, *told, asks)


def test_a_policy_is_told_from_questions_and_checked_on_the_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.yaml").write_text(POLICY)
    assert run(["surveys", "check", "mine.yaml"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("ok: policy mine 1 asks 1 question on the map retail")
    (tmp_path / "mine.yaml").write_text(POLICY.replace("csat_here", "csat_hare"))
    assert run(["surveys", "check", "mine.yaml"]) == 2
    assert "did you mean 'csat_here'?" in capsys.readouterr().err


def test_a_file_of_questions_is_checked_with_the_shipped_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = (
        "  - {id: q, version: '1', kpi: csat, scope: relational, scale: {min: 1, max: 5}, wordings: {pt: {text: Oi}}}\n"
    )
    (tmp_path / "own.yaml").write_text(f"questions:\n{question}")
    assert run(["surveys", "check", "own.yaml"]) == 0
    assert "  q 1: score, csat, 1 to 5, in pt" in capsys.readouterr().out
    assert run(["surveys", "check", "none.yaml"]) == 2
    assert "check the path" in capsys.readouterr().err


def test_the_policies_are_shown_with_the_one_that_is_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text(POLICY)
    assert run(["surveys", "policies", "--set", "survey_policy=mine.yaml"]) == 0
    assert "mine (chosen): Mine" in capsys.readouterr().out
    assert run(["surveys", "policies", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["chosen"] == "map"
    assert [one["policy"] for one in shown["policies"]] == [
        *("effort_order_satisfaction", "map", "one_score", "recommendation")
    ]


def test_a_tried_decision_says_why_and_what_was_asked_before(capsys: pytest.CaptureFixture[str]) -> None:
    print_page(render_trial(trial()), 160)
    shown = capsys.readouterr().out
    assert shown.startswith("yes: asked, nothing speaks against it\nabout receipt-1 of till at shop")
    assert "the person was never asked" in shown
    before = Asked("surveys", "a" * 32, "p", "ces", "ces", "web", "till", "e0", "dismissed", NOW - US_PER_HOUR)
    print_page(render_trial(trial(before)), 160)
    shown = capsys.readouterr().out
    assert shown.startswith("no: fatigue (weekly), a fatigue rule spares the person")
    assert "dismissed" in shown
    assert "may be otherwise from" in shown
    said = trial_object(trial(before))
    assert (said["ask"], said["reason"], said["rule"], said["asks"][0]["disposition"]) == (
        *(False, "fatigue"),
        *("weekly", "dismissed"),
    )


def test_a_person_is_named_by_a_key_or_by_a_type_and_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["surveys", "ask", "4711", "store_purchase"]) == 2
    shown = capsys.readouterr().err
    assert "loyalty:4711" in shown
    assert " 4711" not in shown


def test_a_trial_without_an_event_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = Trial(AskReason.NO_EVENT, None, None, None, ())
    print_page(render_trial(nothing), 160)
    assert capsys.readouterr().out.startswith("no: no_event, the person has no such event in the ledger")
    assert trial_object(nothing) == {"ask": False, "reason": "no_event", "asks": []}
    somewhere = Trial(AskReason.NOT_IN_POLICY, EventFacts("till", "e1", NOW, "moon"), None, None, ())
    assert trial_object(somewhere)["about"]["touchpoint"] == "moon"
