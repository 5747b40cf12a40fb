"""What the views show of a simulation, against the simulator's own ledger of what is true. On a real Kafka, with a real worker."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from tests.support.view_sums import view_sums
from tests.unit.simulate.ledgers import standing

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

OF_SIMULATION = ("--seed", "5", "--persons", "250", "--days", "70")
VISITS = 60
Line = dict[str, Any]


class Simulated(NamedTuple):
    """A stack into which a simulation went, and the lines of its ledger."""

    stack: Ledger
    lines: list[Line]
    sums: dict[str, tuple[int, int]]

    @property
    def touchpoints(self) -> list[Line]:
        """The touchpoint events that stand, in the order of their times."""
        found = [line for line in standing(self.lines).values() if "stage" in line["truth"]]
        return sorted(found, key=lambda line: str(line["event"]["time"]))


def simulate(stack: Ledger, folder: Path, *words: str) -> list[Line]:
    """Run the command, wait until all is stored; the lines of its ledger."""
    file = folder / "truth.ndjson"
    said = json.loads(touchline(stack, "simulate", *words, "--ledger", str(file), "--json"))
    wait_until_at_rest(stack.settings)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert said["acknowledged"] == said["sent"] == sum(line["kind"] == "sent" for line in lines)
    return lines


@pytest.fixture(scope="module")
def simulated(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    folder = tmp_path_factory.mktemp("simulated")
    with own_face_with_worker(stack, folder) as ledger:
        lines = simulate(ledger, folder, *OF_SIMULATION)
        yield Simulated(ledger, lines, view_sums(ledger.settings))


def test_the_account_has_every_sending_in_its_fate(simulated: Simulated) -> None:
    totals = simulated.lines[-1]
    columns = "sum(received), sum(stored), sum(duplicate), sum(superseded), sum(quarantined), min(is_balanced)"
    assert ask(simulated.stack.settings, f"SELECT {columns} FROM journey.account") == [
        (totals["sent"], totals["stands"], totals["duplicates"], totals["superseded"], 0, 1)
    ]
    assert min(totals["duplicates"], totals["superseded"]) > 40


def test_volumes_and_persons_are_those_of_the_ledger(simulated: Simulated) -> None:
    volumes = "SELECT touchpoint, sum(events) FROM journey.kpi_volume_1d GROUP BY touchpoint"
    assert dict(ask(simulated.stack.settings, volumes)) == {
        one["touchpoint"]: one["events"] for one in simulated.lines[-1]["touchpoints"]
    }
    people: dict[str, set[int]] = defaultdict(set)
    for line in simulated.touchpoints:
        people[line["event"]["touchpoint"]].add(line["truth"]["person"])
    persons = "SELECT touchpoint, uniqExact(person) FROM journey.touchpoints GROUP BY touchpoint"
    assert dict(ask(simulated.stack.settings, persons)) == {name: len(own) for name, own in people.items()}


def test_every_row_that_readers_see_bears_the_mark(simulated: Simulated) -> None:
    for view in (
        "touchpoints",
        "attachments",
        "answers",
        "kpi_volume_1h",
        "kpi_volume_1d",
        "kpi_survey_1h",
        "kpi_survey_1d",
    ):
        assert ask(simulated.stack.settings, f"SELECT min(is_simulated), count() > 0 FROM journey.{view}") == [
            (1, 1)
        ], view
    assert json.loads(touchline(simulated.stack, "report", "--json"))["is_simulated"]
    assert "store_purchase (simulated)" in touchline(simulated.stack, "report")


def test_answers_stand_by_disposition_and_kpis_have_the_n_and_the_value_of_the_ledger(simulated: Simulated) -> None:
    totals = simulated.lines[-1]
    ended = "SELECT touchpoint, question, disposition, count() FROM journey.answers GROUP BY ALL"
    assert {row[:3]: row[3] for row in ask(simulated.stack.settings, ended)} == {
        (one["touchpoint"], one["question"], one["disposition"]): one["answers"] for one in totals["answers"]
    }
    kpis = {
        line["event"]["question"]: line["event"]["kpi"]
        for line in standing(simulated.lines).values()
        if "about" in line["event"]
    }
    scores: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in totals["scores"]:
        scores[one["touchpoint"], kpis[one["question"]]] += [one["score"]] * one["answers"]
    assert {kpi for _, kpi in scores} == {"nps", "csat", "ces", "emotion"}
    found = ask(
        simulated.stack.settings,
        "SELECT touchpoint, kpi, sum(n), 100 * sum(numerator) / sum(denominator) FROM journey.kpi_survey_1d GROUP BY touchpoint, kpi",
    )
    assert {row[:2]: (row[2], round(row[3], 6)) for row in found} == {
        key: (len(own), round(value_of(key[1], own), 6)) for key, own in scores.items()
    }


def value_of(kpi: str, scores: list[int]) -> float:
    """By the published definitions: NPS and emotion in points, top-2-box of CSAT and top-3-box of CES in percent."""
    if kpi in ("nps", "emotion"):
        good, bad = {"nps": (9, 6), "emotion": (6, 3)}[kpi]
        return 100 * (sum(one >= good for one in scores) - sum(one <= bad for one in scores)) / len(scores)
    return 100 * sum(one >= {"csat": 4, "ces": 5}[kpi] for one in scores) / len(scores)


def test_the_funnel_counts_the_journeys_of_the_ledger(simulated: Simulated) -> None:
    """Of the true persons: a device before its login is theirs."""
    journeys: dict[tuple[int, int], list[int]] = defaultdict(list)
    for line in simulated.touchpoints:
        journeys[line["truth"]["person"], line["truth"]["cycle"]].append(line["truth"]["stage_order"])
    in_order: Counter[int] = Counter()
    in_any: Counter[int] = Counter()
    for orders in journeys.values():
        depth = 0
        for order in orders:
            depth += order == depth + 1
        in_order.update(range(1, depth + 1))
        in_any.update(range(1, max(orders) + 1))
    (of_map,) = ask(simulated.stack.settings, "SELECT map, map_version FROM journey.map_days")
    for mode, reached in (("in_order", in_order), ("any", in_any)):
        source = (
            f"journey_api.funnel_stage(map = '{of_map[0]}', map_version = {of_map[1]}, date_from = '1990-01-01', date_to = '2100-01-01', "
            f"filter = map(), as_of = now(), mode = '{mode}')"
        )
        rows = ask(simulated.stack.settings, f"SELECT stage_order, reached FROM {source}")
        assert {order: count for order, count in rows if count} == reached
    assert max(in_order) == 5


def test_an_undisturbed_run_gives_the_same_tables(simulated: Simulated, stack: LocalStack, tmp_path: Path) -> None:
    with own_face_with_worker(stack, tmp_path) as calm:
        lines = simulate(calm, tmp_path, *OF_SIMULATION, "--undisturbed")
        assert lines[-1]["duplicates"] == 0
        assert view_sums(calm.settings) == simulated.sums


def test_simulated_answers_of_real_persons_are_theirs_and_come_once(simulated: Simulated, tmp_path: Path) -> None:
    """The last test here: it adds to the stack."""
    baskets = [
        {
            "type": "touchline.touchpoint.v1", "source": "shell", "id": f"basket-{number}", "touchpoint": "store_purchase",
            "action": "purchase", "time": f"2025-02-{1 + number % 28:02}T10:00:00Z",
            "identifiers": [{"type": "loyalty", "value": f"card {number % 20}"}],
        }
        for number in range(VISITS)
    ]  # fmt: skip
    file = tmp_path / "baskets.ndjson"
    file.write_text("\n".join(map(json.dumps, baskets)))
    touchline(simulated.stack, "emit", str(file))
    lines = simulate(simulated.stack, tmp_path, "answers", str(file), "--share", "1")
    given = {name: line["event"] for name, line in standing(lines).items()}
    assert len(given) == lines[-1]["eligible"] == 3 * VISITS
    seen = ask(
        simulated.stack.settings,
        "SELECT event_id, person IN (SELECT person FROM journey.touchpoints WHERE source = 'shell'), disposition, score "
        "FROM journey.answers WHERE startsWith(event_id, 'answer')",
    )
    assert {row[0]: row[1:] for row in seen} == {
        name: (1, event["disposition"], event.get("score")) for name, event in given.items()
    }
    once = view_sums(simulated.stack.settings)
    simulate(simulated.stack, tmp_path, "answers", str(file), "--share", "1")
    assert view_sums(simulated.stack.settings) == once
