"""The maps that come with Touchline are good, complete, and as the stage models they are named after."""

from __future__ import annotations

import pytest

from tests.unit.journey.build import RICH, SHIPPED, shipped
from touchline.journey.compile import compile_map
from touchline.schemas.journey.coverage import coverage, coverage_warnings, touchpoints_of_stages
from touchline.schemas.journey.read import parse_map
from touchline.sql.language.catalogue import load_catalogue

STAGES = {
    "five_stages": "awareness favorability consideration intention conversion",
    "five_stages_service": "awareness favorability consideration intention conversion service",
    "six_stages_loyalty": "awareness research evaluation purchase use support",
    "advocacy": "awareness consideration purchase retention advocacy",
    "retail": "awareness consideration purchase service loyalty",
    "web_shop": "arrival research evaluation checkout purchase service",
}


def test_the_four_stage_models_and_the_maps_of_the_demo_are_shipped() -> None:
    assert {name: " ".join(stage.id for stage in shipped(name).stages) for name in SHIPPED} == STAGES


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_map_is_named_as_its_file_and_has_something_everywhere(name: str) -> None:
    one = shipped(name)
    assert one.map == name
    assert all(touchpoints_of_stages(one).values())
    assert all(stage.description and stage.facts() for stage in one.stages)
    assert one.kpis
    assert one.churn


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_map_is_warned_of_for_its_untraceable_touchpoints_only(name: str) -> None:
    (warning,) = coverage_warnings(shipped(name))
    assert "cannot be traced" in warning
    assert 0 < coverage(shipped(name)).untraceable_share <= 0.5


@pytest.mark.parametrize("name", SHIPPED)
def test_the_kpis_of_a_shipped_map_stand_in_the_catalogue_with_their_scale(name: str) -> None:
    variants = {(kpi.id, variant.id, variant.scale) for kpi in load_catalogue().surveys for variant in kpi.variants}
    for asked in shipped(name).kpis:
        assert (asked.kpi, asked.variant, (asked.scale.min, asked.scale.max)) in variants


def test_the_three_kpi_policies_are_shipped() -> None:
    policy = {name: [(kpi.kpi, kpi.ask, kpi.delay_hours) for kpi in shipped(name).kpis] for name in SHIPPED}
    effort, recommendation, satisfaction = policy["five_stages"]
    assert (effort[0], effort[1].stages) == ("ces", ("awareness", "consideration"))
    assert (recommendation[0], recommendation[1].goals, recommendation[2]) == ("nps", ("order",), 0)
    assert satisfaction[0] == "csat"
    assert satisfaction[2] > 0
    assert [(kpi, ask.touchpoints) for kpi, ask, _ in policy["five_stages_service"]] == [("csat", "all")]
    assert [(kpi, ask.touchpoints) for kpi, ask, _ in policy["six_stages_loyalty"]] == [("nps", "all")]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_rule_of_a_shipped_map_decides_in_some_cell(name: str) -> None:
    compiled = compile_map(shipped(name))
    rules = {
        outcome.steps[0].rule
        for cells in (*compiled.cells.values(), compiled.other_cells)
        for cell in cells.values()
        for outcome in cell.outcomes
    }
    assert rules - {""} == {rule.id for rule in shipped(name).rules}


def test_the_hash_follows_the_content_and_not_the_writing() -> None:
    one = parse_map(RICH)
    rewritten = RICH.replace("stages:\n", "# a comment\nlanguage: en\nstages:\n").replace(
        "action: leave", "action: [leave]"
    )
    assert parse_map(rewritten).content_hash() == one.content_hash()
    assert parse_map(RICH + "\nannotations: [{date: 2026-05-31, text: Strike}]").content_hash() == one.content_hash()
    assert parse_map(RICH.replace("name: Look", "name: See")).content_hash() != one.content_hash()
    assert parse_map(RICH.replace("inactivity_days: 3", "inactivity_days: 4")).content_hash() != one.content_hash()
    assert len(one.content_hash()) == 32


def test_warnings_name_what_a_map_cannot_see() -> None:
    text = RICH.replace("{id: use, name: Use}", "{id: use, name: Use}\n  - {id: tell, name: Tell}").replace(
        "name: Mail, channel: email, ownership: owned, observability: traceable",
        "name: Mail, channel: email, ownership: owned, observability: unobservable",
    )
    warnings = list(coverage_warnings(parse_map(text)))
    assert warnings == [
        "stage 'tell' has no touchpoints: no rule leads to it, so nobody will ever be seen there",
        "touchpoint 'mail' is unobservable, but a rule waits for its events",
        "touchpoint 'forum' has no rule: its events stay unmapped",
        "2 of 5 touchpoints (40%) cannot be traced (1 survey-only, 1 unobservable): their volumes are estimates or unknown",
    ]
