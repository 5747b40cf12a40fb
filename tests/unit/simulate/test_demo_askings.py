"""What `./run demo` plants in its simulated answers, and what its maps say of it."""

from __future__ import annotations

from datetime import date

import pytest

from scripts.demo import ASKINGS, Asking, how_to_look
from tests.unit.journey.build import shipped
from touchline.schemas.journey.parts import Annotation
from touchline.settings import Settings

PLANTED = "Demo: simulated"


def tells(note: Annotation, touchpoint: str, day: str) -> bool:
    """A remark without touchpoint is about more than one."""
    return (
        note.text.startswith(PLANTED) and note.date == date.fromisoformat(day) and note.touchpoint in (touchpoint, None)
    )


@pytest.mark.parametrize("asking", ASKINGS, ids=lambda asking: asking.map)
def test_the_maps_annotations_tell_what_the_demo_plants_and_nothing_else(asking: Asking) -> None:
    notes = shipped(asking.map).annotations
    planted = {(touchpoint, day) for touchpoint, _, day in (effect.split(":") for effect in asking.effects)}
    assert [one for one in planted if not any(tells(note, *one) for note in notes)] == []
    assert {str(note.date) for note in notes if note.text.startswith(PLANTED)} == {day for _, day in planted}


@pytest.mark.parametrize("name", [asking.map for asking in ASKINGS])
def test_the_maps_of_the_demo_ask_for_the_feeling_at_every_touchpoint_and_set_a_target_for_every_question(
    name: str,
) -> None:
    one = shipped(name)
    (feeling,) = [kpi for kpi in one.kpis if kpi.kpi == "emotion"]
    assert (feeling.variant, feeling.scope, feeling.ask.touchpoints) == ("net", "transactional", "all")
    assert all(kpi.target is not None for kpi in one.kpis)


@pytest.mark.parametrize("name", [asking.map for asking in ASKINGS])
def test_every_stage_of_the_demos_maps_has_every_kind_of_fact_and_every_touchpoint_has_some(name: str) -> None:
    one = shipped(name)
    for stage in one.stages:
        assert set(stage.facts()) >= {"actions", "emotions", "motivations", "goals", "questions", "expectations"}, (
            stage.id
        )
        assert set(stage.facts()) >= {"friction", "opportunities", "initiatives"}, stage.id
        assert any(expectation.target for expectation in stage.expectations), stage.id
    assert [point.id for point in one.touchpoints if not point.facts()] == []
    assert all(len(persona.needs) >= 2 for persona in one.personas)


def test_the_demo_ends_by_saying_how_to_look_at_it() -> None:
    settings = Settings(dashboard_port=9123)
    ended, running = (how_to_look(settings, is_running=is_running) for is_running in (False, True))
    assert ended == "look at it: ./run up, then ./run dashboard, and open http://127.0.0.1:9123/"
    assert running == "look at it: ./run dashboard, and open http://127.0.0.1:9123/"
