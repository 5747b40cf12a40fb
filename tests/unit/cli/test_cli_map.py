"""`touchline map check | show`, run as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.journey.build import JOURNEYS, RICH, SHIPPED, shipped
from touchline.cli.main import run

BAD = Path(__file__).parents[1] / "journey" / "bad"


@pytest.fixture(autouse=True)
def _in_a_project_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "journeys").symlink_to(JOURNEYS)
    monkeypatch.chdir(tmp_path)


def test_check_without_names_checks_all_maps_and_says_what_they_do_not_cover(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["map", "check"]) == 0
    told = capsys.readouterr().out
    for name in SHIPPED:
        assert f"journeys/{name}.yaml: {name} version {shipped(name).version} is good" in told
    assert "warning: 4 of 10 touchpoints (40%) cannot be traced" in told


def test_check_of_a_bad_map_says_where_and_what_to_write_and_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["map", "check", "retail", str(BAD / "unknown_stage_in_rule.yaml")]) == 2
    told = capsys.readouterr()
    assert "unknown_stage_in_rule.yaml:12: rules[1].stage: there is no stage 'lok'; did you mean 'look'?" in told.err
    assert "hint: fix this and run" in told.err
    assert "retail version 3 is good" in told.out


def test_check_as_json_holds_problems_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["map", "check", "--json", "retail", str(BAD / "version_zero.yaml")]) == 2
    good, bad = json.loads(capsys.readouterr().out)["maps"]
    assert (good["ok"], good["map"], good["content_hash"]) == (True, "retail", shipped("retail").content_hash())
    assert good["touchpoints"] == {"traceable": 6, "survey_only": 2, "unobservable": 2}
    assert bad["ok"] is False
    assert [(problem["line"], problem["field"]) for problem in bad["problems"]] == [(2, "version")]


def test_check_of_a_name_that_is_not_there_suggests_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["map", "check", "retial"]) == 2
    assert "hint: did you mean 'retail'?" in capsys.readouterr().err


def test_check_warns_of_kpis_that_nobody_computes_and_of_a_misleading_file_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kpi = "{id: mood, kpi: mood, variant: smiley, scope: transactional, scale: {min: 1, max: 3}, question: Your mood, "
    (tmp_path / "mine.yaml").write_text(f"{RICH}\nkpis:\n  - {kpi}ask: {{touchpoints: all}}}}\n")
    assert run(["map", "check", "mine.yaml"]) == 0
    told = capsys.readouterr().out
    assert "warning: kpi 'mood': the catalogue has no mood of variant 'smiley' on 1 to 3" in told
    assert "warning: the file is named 'mine', the map 'rich'" in told


@pytest.mark.parametrize("name", SHIPPED)
def test_show_sets_the_stages_side_by_side_and_names_everything_else(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["map", "show", name]) == 0
    told = capsys.readouterr().out
    journey_map = shipped(name)
    content = journey_map.model_dump()
    for part in [part for kind in ("touchpoints", "rules", "goals", "kpis") for part in content[kind]]:
        assert part["id"] in told
    assert f"1 {journey_map.stages[0].name[:9]}" in told
    assert "opens the next" in told


def test_show_tells_targets_personas_annotations_and_churn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rich.yaml").write_text(
        f"{RICH}\nannotations: [{{date: 2026-05-31, until: 2026-06-02, text: Strike}}]\n"
    )
    assert run(["map", "show", "rich.yaml"]) == 0
    told = capsys.readouterr().out
    assert "2026-05-31 to 2026-06-02: Strike" in told
    assert "price at_least=50" in told
    assert "category is=shoes|boots" in told
    assert "after 3 days without a touchpoint, at once when action=leave; a return opens the next cycle" in told
    assert run(["map", "show", "five_stages"]) == 0
    assert "queue_time" in capsys.readouterr().out


def test_show_as_json_gives_the_content_with_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["map", "show", "retail", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["map"] == "retail"
    assert told["content_hash"] == shipped("retail").content_hash()
    assert [stage["id"] for stage in told["stages"]][:2] == ["awareness", "consideration"]
