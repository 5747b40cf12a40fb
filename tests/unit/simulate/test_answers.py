"""Simulated answers of persons whose touchpoints are not simulated."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.unit.simulate.ledgers import ROOT, events_of, lines_of, shipped_map, standing
from touchline.cli.simulate_options import effect_of
from touchline.errors import WrongUsage
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import load_sources
from touchline.schemas.times import parse_time
from touchline.settings import Settings
from touchline.simulate.answers import AnswerParameters, simulate_answers
from touchline.simulate.carry_out import as_text
from touchline.simulate.parameters import SimulationParameters
from touchline.simulate.placing import met
from touchline.simulate.real_events import events_of as events_of_file

NOW_US = parse_time("2026-01-01T00:00:00Z")
ALL = AnswerParameters(seed=1, share=1.0, until_us=NOW_US)
Line = dict[str, Any]


@pytest.fixture(scope="module")
def visits() -> list[Line]:
    """Touchpoints of 200 households, as a till and a mail system would send them."""
    events = events_of(
        lines_of(SimulationParameters(seed=9, persons=200, days=40, is_disturbed=False, merge_share=0.0))
    )
    own = [event for event in events if event["type"] == "touchline.touchpoint.v1"]
    return [{**event, "source": "retail-pos", "simulated": False} for event in own]


def answers_to(events: list[Line], parameters: AnswerParameters = ALL) -> list[Line]:
    return list(simulate_answers(map(met, events), shipped_map("retail"), parameters))


def text_of(lines: list[Line]) -> str:
    return "".join(map(as_text, lines))


@settings(max_examples=10)
@given(data=st.data())
def test_the_same_events_in_any_order_and_twice_give_the_same_answers(visits: list[Line], data: st.DataObject) -> None:
    some = data.draw(st.permutations(visits[:80]))
    again = data.draw(st.lists(st.sampled_from(visits[:80]), max_size=10))
    half = ALL._replace(share=0.5)
    assert text_of(answers_to([*some, *again], half)) == text_of(answers_to(visits[:80], half))


def test_more_events_add_answers_and_change_none(visits: list[Line]) -> None:
    few, many = (standing(answers_to(events)) for events in (visits[:100], visits))
    assert few.keys() < many.keys()
    assert all(many[name]["event"] == line["event"] for name, line in few.items())


def test_who_is_asked_what_and_when_is_the_policy_of_the_map(visits: list[Line]) -> None:
    """Written out once more: effort early, recommendation right after a basket, satisfaction 14 days after one, the feeling everywhere."""
    asked = Counter(
        (one["event"]["about"]["event_id"], one["event"]["question"]) for one in standing(answers_to(visits)).values()
    )
    wanted: Counter[tuple[str, str]] = Counter()
    for event in visits:
        wanted[event["id"], "feeling"] += 1
        if event["touchpoint"] == "store_purchase" and event["action"] == "purchase":
            wanted[event["id"], "recommendation_after_basket"] += 1
            wanted[event["id"], "satisfaction_later"] += 1
        is_early = event["touchpoint"] in ("coupon", "campaign_mailing")
        is_early |= event["touchpoint"] == "recommendation" and event.get("action") != "recommend"
        is_early |= event["touchpoint"] == "loyalty_card" and event.get("action") not in ("redeem", "renew")
        if is_early:
            wanted[event["id"], "effort_to_choose"] += 1
    assert asked == wanted
    later = [
        one["event"]
        for one in standing(answers_to(visits)).values()
        if one["event"]["question"] == "satisfaction_later"
    ]
    days = [(parse_time(one["time"]) - parse_time(one["about"]["occurred_at"])) / 86_400e6 for one in later]
    assert min(days) >= 14


def test_an_answer_is_its_persons_own_names_its_event_and_is_marked(visits: list[Line]) -> None:
    by_id = {event["id"]: event for event in visits}
    for line in standing(answers_to(visits)).values():
        answer = line["event"]
        event = by_id[answer["about"]["event_id"]]
        assert answer["identifiers"] == event["identifiers"]
        assert answer["about"]["touchpoint"] == event["touchpoint"]
        assert (answer["about"]["source"], answer["about"]["occurred_at"]) == ("retail-pos", event["time"])
        assert answer["simulated"] is True
        assert (answer["source"], answer["survey"]) == ("simulator", "retail")


def test_answers_pass_the_contract(visits: list[Line]) -> None:
    sent = events_of(answers_to(visits, ALL._replace(share=0.3)))
    with InMemoryProducer(
        person_keys=PersonKeys("k1", bytes(32)), sources=load_sources(ROOT / "sources.yaml")
    ) as producer:
        assert producer.emit_many(sent) == len(sent) > 100
    assert {event["sampling_probability"] for event in producer.events} == {0.3}


def test_a_time_without_offset_is_read_in_the_zone_of_its_source(visits: list[Line]) -> None:
    naive = {name: value for name, value in visits[0].items() if name != "zone"} | {"time": "2025-01-05T10:00:00"}
    lines = simulate_answers([met(naive, naive_zone="Europe/Berlin")], shipped_map("retail"), ALL)
    answers = [line["event"] for line in lines if line["kind"] == "sent"]
    assert {(one["zone"], one["about"]["occurred_at"]) for one in answers} == {
        ("Europe/Berlin", "2025-01-05T09:00:00.000000Z")
    }


def test_persons_known_by_keys_only_are_asked_under_their_keys(visits: list[Line]) -> None:
    key = "k1:" + "a" * 64
    keyed = {name: value for name, value in visits[0].items() if name != "identifiers"}
    lines = answers_to([{**keyed, "persons": [{"type": "household", "key": key}]}])
    assert {line["event"]["persons"][0]["key"] for line in lines if line["kind"] == "sent"} == {key}


def test_nobody_is_asked_about_simulated_events_and_nobody_without_identifier(visits: list[Line]) -> None:
    simulated = [{**event, "source": "simulator"} for event in visits]
    nobodys = [{name: value for name, value in event.items() if name != "identifiers"} for event in visits]
    assert answers_to([*simulated, *nobodys])[-1]["eligible"] == 0


def test_an_answer_that_would_lie_in_the_future_is_not_given_yet(visits: list[Line]) -> None:
    until = parse_time("2025-01-25T00:00:00Z")
    now, later = (standing(answers_to(visits, ALL._replace(until_us=us))) for us in (until, NOW_US))
    assert all(parse_time(one["event"]["time"]) < until for one in now.values())
    assert now.keys() < later.keys()


def test_a_planted_effect_lifts_the_quality_from_its_day_on(visits: list[Line]) -> None:
    effect = effect_of("store_purchase:0.2:2025-01-20", shipped_map("retail"))
    plain, lifted = (by_draw(answers_to(visits, ALL._replace(effects=one))) for one in ((), (effect,)))
    assert plain.keys() == lifted.keys()
    for name, line in plain.items():
        about = line["event"]["about"]
        is_hit = about["touchpoint"] == "store_purchase" and about["occurred_at"] >= "2025-01-20"
        gain = lifted[name]["truth"]["quality"] - line["truth"]["quality"]
        assert gain == pytest.approx(min(0.2, 0.98 - line["truth"]["quality"]) if is_hit else 0)


def by_draw(lines: list[Line]) -> dict[str, Line]:
    """The answers by what of their ids does not depend on the parameters."""
    return {name.partition("-")[2]: line for name, line in standing(lines).items()}


def test_other_parameters_give_other_answers_beside_the_first(visits: list[Line]) -> None:
    """A revision of the first ones would be in conflict with them."""
    few, many = (standing(answers_to(visits, ALL._replace(share=share))) for share in (0.5, 1.0))
    assert not few.keys() & many.keys()


@pytest.mark.parametrize("text", ["store_purchase", "till:x:2025-01-01", "till:2:2025-01-01", ":0.1:2025-01-01"])
def test_an_effect_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(WrongUsage, match="TOUCHPOINT:SHIFT:DAY"):
        effect_of(text, shipped_map("retail"))


def test_a_file_of_events_is_read_as_emit_takes_it(visits: list[Line], tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    answer = {"type": "touchline.answer.v1", "id": "a", "source": "retail-pos"}
    file.write_text("\n".join(json.dumps(event) for event in [*visits, answer]) + "\n\n")
    settings = Settings(project_dir=ROOT)
    found = list(events_of_file(file, [], shipped_map("retail"), settings.sources_file))
    assert [one.id for one in found] == [event["id"] for event in visits]
    assert list(map(met, visits)) == found
    file.write_text(json.dumps({**visits[0], "time": "yesterday"}))
    with pytest.raises(WrongUsage, match="line 1 of the file is no event"):
        list(events_of_file(file, [], shipped_map("retail"), settings.sources_file))


def test_the_first_baskets_of_the_retail_data_set_are_read_with_their_households() -> None:
    events = events_of_file(None, ["retail-pos"], shipped_map("retail"), Settings(project_dir=ROOT).sources_file)
    first = next(events)
    assert (first.source, first.touchpoint, first.identifiers[0][0]) == ("retail-pos", "store_purchase", "household")
    with pytest.raises(WrongUsage, match="no data set of the source shop"):
        next(
            events_of_file(None, ["retail-pos", "shop"], shipped_map("retail"), Settings(project_dir=ROOT).sources_file)
        )
    with pytest.raises(WrongUsage, match="either a file of events or --source"):
        next(events_of_file(None, [], shipped_map("retail"), Settings(project_dir=ROOT).sources_file))
