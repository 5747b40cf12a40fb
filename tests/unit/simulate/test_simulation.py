"""Simulated customers: the same each time, marked, credible, and as the ledger says they are."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from datetime import date
from math import comb
from typing import Any, get_args

import pytest
from hypothesis import given, settings, strategies as st

from tests.support.documents import blocks_of
from tests.unit.simulate.ledgers import ROOT, Line, events_of, lines_of, shipped_map, standing, text_of
from touchline.errors import WrongUsage
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.answer import Disposition
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.journey.read import map_names
from touchline.schemas.sources import load_sources
from touchline.simulate.effects import INITIATIVE_EFFECT, LONG_WAIT_SECONDS, WAIT_EFFECT
from touchline.simulate.parameters import SimulationParameters
from touchline.simulate.simulation import simulate

SOME = SimulationParameters(seed=3, persons=300, days=60)
MANY = SimulationParameters(seed=1, persons=4_500, days=60, is_disturbed=False)
OTHER_PROCESS = (
    "from tests.unit.simulate.ledgers import text_of; from touchline.simulate.parameters import SimulationParameters"
)
small = st.builds(
    SimulationParameters,
    seed=st.integers(0, 2**40),
    persons=st.integers(1, 25),
    days=st.integers(1, 120),
    begin=st.dates(date(2015, 1, 1), date(2024, 1, 1)),
    is_disturbed=st.booleans(),
    merge_share=st.sampled_from((0.0, 0.15, 1.0)),
)


@pytest.fixture(scope="module")
def many() -> list[Line]:
    """Enough for statistics."""
    return lines_of(MANY)


@settings(max_examples=20)
@given(parameters=small, name=st.sampled_from(("retail", "five_stages")))
def test_the_same_parameters_give_the_same_bytes(parameters: SimulationParameters, name: str) -> None:
    assert text_of(parameters, name) == text_of(parameters, name)


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    program = f"{OTHER_PROCESS}; import hashlib; print(hashlib.sha256(text_of(SimulationParameters(3, 300, 60)).encode()).hexdigest())"
    environment = {"PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT)}
    other = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(text_of(SOME).encode()).hexdigest()


def test_another_seed_and_other_parameters_share_no_event() -> None:
    seen: set[str] = set()
    for parameters in (SOME, SOME._replace(seed=4), SOME._replace(days=61), SOME._replace(begin=date(2025, 1, 2))):
        ids = {event["id"] for event in events_of(lines_of(parameters))}
        assert not ids & seen
        seen |= ids


@settings(max_examples=20)
@given(parameters=small)
def test_disturbances_change_the_order_and_the_copies_and_nothing_else(parameters: SimulationParameters) -> None:
    calm, rough = (lines_of(parameters._replace(is_disturbed=one)) for one in (False, True))
    assert standing(calm).keys() == standing(rough).keys()
    assert all(line["event"] == standing(rough)[name]["event"] for name, line in standing(calm).items())
    unlike = {"sent", "duplicates"}
    assert {name: value for name, value in calm[-1].items() if name not in unlike} == {
        name: value for name, value in rough[-1].items() if name not in unlike
    }
    assert calm[-1]["duplicates"] == 0
    times = [line["arrives_at"] for line in calm if line["kind"] == "sent" and "stage" in line["truth"]]
    assert times == sorted(times)


def test_a_disturbed_run_has_late_events_copies_merges_and_initiatives() -> None:
    lines = lines_of(SOME)
    sent = [line for line in lines if line["kind"] == "sent"]
    kinds = Counter(line["event"]["type"].split(".")[1] for line in sent)
    assert set(kinds) == {"touchpoint", "answer", "identify", "initiative"}
    assert sum(line["copy"] for line in sent) == lines[-1]["duplicates"] > 50
    assert sum(line["late_seconds"] > 86_400 for line in sent) > 50
    arrived = [line["event"]["time"] for line in sent]
    assert arrived != sorted(arrived)


def test_every_event_bears_the_mark_and_passes_the_contract() -> None:
    events = events_of(lines_of(SOME))
    assert all(event["simulated"] is True and event["source"] == "simulator" for event in events)
    keys = PersonKeys("k1", bytes(32))
    with InMemoryProducer(person_keys=keys, sources=load_sources(ROOT / "sources.yaml")) as producer:
        assert producer.emit_many(events) == len(events)
    assert all(event["simulated"] is True for event in producer.events)


@pytest.mark.parametrize("name", map_names(ROOT / "journeys"))
def test_under_every_shipped_map_persons_convert_and_are_asked(name: str) -> None:
    lines = lines_of(SOME, name)
    known = {one.id for one in shipped_map(name).touchpoints}
    assert {one["touchpoint"] for one in lines[-1]["touchpoints"]} <= known
    assert any(line["truth"].get("is_conversion") for line in lines if line["kind"] == "sent")
    assert lines[-1]["scores"]


def test_every_disposition_of_a_question_that_was_put_occurs_in_the_closed_set() -> None:
    found = {event["disposition"] for event in events_of(lines_of(SOME)) if "disposition" in event}
    ends = {
        "not_sampled",
        "bounced",
        "delivered",
        "shown",
        "started",
        "partial",
        "complete",
        "dismissed",
        "refused",
        "expired",
    }
    assert found == {*ends, "invited"}
    assert found <= set(get_args(Disposition))


def test_the_totals_are_a_recount_of_what_was_sent() -> None:
    lines = lines_of(SOME)
    totals, stands = lines[-1], standing(lines)
    sent = [line for line in lines if line["kind"] == "sent"]
    assert (totals["sent"], totals["stands"]) == (len(sent), len(stands))
    versions = {(line["event"]["id"], line["event"].get("revision", 0)) for line in sent}
    assert totals["superseded"] == len(versions) - len(stands)
    assert totals["duplicates"] == len(sent) - len(versions)
    events = Counter(one["event"]["touchpoint"] for one in stands.values() if "stage" in one["truth"])
    assert {one["touchpoint"]: one["events"] for one in totals["touchpoints"]} == events
    people = {
        (one["event"]["touchpoint"], one["truth"]["person"]) for one in stands.values() if "stage" in one["truth"]
    }
    assert {one["touchpoint"]: one["persons"] for one in totals["touchpoints"]} == Counter(name for name, _ in people)
    given = [one["event"] for one in stands.values() if "about" in one["event"]]
    scored = Counter((one["about"]["touchpoint"], one["question"], one["score"]) for one in given if "score" in one)
    assert {(one["touchpoint"], one["question"], one["score"]): one["answers"] for one in totals["scores"]} == scored
    ended = Counter((one["about"]["touchpoint"], one["question"], one["disposition"]) for one in given)
    assert {
        (one["touchpoint"], one["question"], one["disposition"]): one["answers"] for one in totals["answers"]
    } == ended


def test_the_planted_effects_are_in_the_scores_and_the_absent_one_is_not(many: list[Line]) -> None:
    """Each within four standard errors of its size; without it, many standard errors away."""
    effects = {line["name"]: line for line in many if line["kind"] == "effect"}
    rated = [one for one in standing(many).values() if "score" in one["event"]]

    def difference(touchpoint: str, is_after: Any) -> tuple[float, float]:
        here = [one for one in rated if one["event"]["about"]["touchpoint"] == touchpoint]
        groups = [[share(one["event"]) for one in here if is_after(one) is side] for side in (True, False)]
        (after, after_variance), (before, before_variance) = map(mean_and_variance, groups)
        return after - before, (after_variance + before_variance) ** 0.5

    wait, wait_error = difference(
        effects["long_wait"]["touchpoint"], lambda one: one["truth"]["wait_seconds"] > LONG_WAIT_SECONDS
    )
    assert abs(wait - WAIT_EFFECT) < 4 * wait_error < 0.25
    for name, size in (("works", INITIATIVE_EFFECT), ("does_not_work", 0.0)):
        starts = effects[name]["starts_at"]
        found, error = difference(
            effects[name]["touchpoint"], lambda one, starts=starts: one["event"]["about"]["occurred_at"] >= starts
        )
        assert effects[name]["quality_shift"] == size
        assert abs(found - size) < 4 * error < 0.06


def share(event: dict[str, Any]) -> float:
    """Where the score lies on its scale, from 0 to 1: its expectation is the quality."""
    return float((event["score"] - event["scale_min"]) / (event["scale_max"] - event["scale_min"]))


def mean_and_variance(values: list[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    return mean, sum((value - mean) ** 2 for value in values) / len(values) ** 2


def test_scores_are_drawn_with_the_quality_that_the_ledger_names(many: list[Line]) -> None:
    """The expected number of promoters from the qualities alone, against the promoters."""
    rated = [one for one in standing(many).values() if one["event"].get("kpi") == "nps" and "score" in one["event"]]
    chances = []
    for one in rated:
        quality = one["truth"]["quality"]
        chances.append(sum(comb(10, k) * quality**k * (1 - quality) ** (10 - k) for k in (9, 10)))
    error = sum(chance * (1 - chance) for chance in chances) ** 0.5
    assert abs(sum(one["event"]["score"] >= 9 for one in rated) - sum(chances)) < 4 * error


def test_a_merge_joins_the_device_of_a_person_to_the_login_and_to_nobody_else() -> None:
    lines = lines_of(SOME._replace(merge_share=1.0))
    owner = {tuple(one): line["person"] for line in lines if line["kind"] == "person" for one in line["identifiers"]}
    merges = [line for line in lines if line["kind"] == "sent" and line["event"]["type"] == "touchline.identify.v1"]
    assert len(merges) > 100
    for line in merges:
        login, device = line["event"]["identifiers"]
        assert (login[0], device[0]) == ("login", "device")
        assert owner[tuple(login)] == owner[tuple(device)] == line["truth"]["person"]


def test_a_map_without_a_sure_goal_is_refused_with_the_remedy() -> None:
    retail = shipped_map("retail")
    goals = tuple(goal.model_copy(update={"when": tuple(
        one.model_copy(update={"touchpoint": ("nowhere",)}) for one in goal.when)}) for goal in retail.goals)  # fmt: skip
    with pytest.raises(WrongUsage, match="no touchpoint and action surely meets a goal"):
        next(simulate(SOME, retail.model_copy(update={"goals": goals})))


def test_the_line_that_the_document_shows_is_in_the_ledger() -> None:
    (shown,) = [block.text for block in blocks_of(ROOT / "docs" / "simulator.md") if block.language == "json"]
    assert shown in text_of(SOME)


def test_a_ledger_is_one_json_object_a_line() -> None:
    lines = text_of(SOME).splitlines()
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds[0] == "simulation"
    assert kinds[-1] == "totals"
    assert set(kinds) == {"simulation", "touchpoint", "effect", "person", "sent", "totals"}
