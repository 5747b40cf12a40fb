"""The numbers by which `touchline care` judges KPIs are those that the views show, and cases of KPIs are found again in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.stored import answer, start_anew, store
from tests.support.engine import running_engine
from tests.unit.processors.loop.world import MAP, event
from touchline.care.kpi.desk import KpiDesk
from touchline.care.kpi.reader import ShownMap, Span, ViewNumbers
from touchline.care.reader import LedgerFacts
from touchline.care.rules import CareRules, load_rules
from touchline.care.since import began_event, read_since
from touchline.care.store import CareStore
from touchline.care.work.read import read_said
from touchline.clickhouse.connect import connect
from touchline.schemas.times import parse_time
from touchline.settings import Settings

MINUTES_A_DAY = 1_440
DAYS = 30
BAD_DAY = 29
"""The day of June from 0 on on which everybody is a detractor."""
BELOW_SINCE = "2025-06-07"
"""From then on answers are enough for the interval of an NPS of 40 to lie below the target."""
TARGET = """
kpis:
  - {id: till_nps, kpi: nps, variant: standard, scope: transactional, scale: {min: 0, max: 10}, ask: {touchpoints: [till]},
     question: How likely are you to recommend us, target: 60}
"""
NOW_US = parse_time("2025-07-02T01:00:00Z")
RULES = CareRules.model_validate(
    {
        "version": 1,
        "rules": [
            {"id": "below", "kpi_below_target": {"kpi": "nps"}},
            {"id": "unusual", "unusual_day": {"kpi": "nps", "min_n": 5}},
            {"id": "volume", "unusual_day": {"volume": True, "min_n": 2}},
        ],
    }
)


def events() -> list[dict[str, Any]]:
    """Ten answers a day about the till, of 9 and 7; three visits a day, and on the bad day twenty."""
    told = []
    for day in range(DAYS):
        at = day * MINUTES_A_DAY + 600
        for number in range(10):
            score = 2 if day == BAD_DAY else 9 if number < 7 else 5
            told.append(answer(day * 100 + number, number + 1, at + number, score=score))
        told += [
            event(day * 100 + 50 + number, number + 1, at, "till") for number in range(20 if day == BAD_DAY else 3)
        ]
    return told


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Client, Path]]:
    folder = tmp_path_factory.mktemp("care kpis")
    with running_engine(folder) as settings:
        client = connect(settings)
        text = MAP + TARGET
        start_anew(client, text)
        store(settings, folder / "state", events(), text=text)
        yield settings, client, folder
        client.disconnect()


def shown_of(client: Client) -> ShownMap:
    shown = ViewNumbers(client).shown_map()
    assert shown is not None
    return shown


def test_a_kpi_over_28_days_is_that_of_the_touchpoint_at_a_glance(engine: tuple[Settings, Client, Path]) -> None:
    _, client, _ = engine
    columns = "toString(touchpoint), toString(stage), date_to, n, value, ci_low, ci_high, target"
    (glance,) = client.execute(f"SELECT {columns} FROM journey.touchpoint_glance WHERE n > 0")
    touchpoint, stage, last, *wanted, target = glance
    numbers, shown = ViewNumbers(client), shown_of(client)
    span = Span(last - timedelta(days=27), last)
    (cell,) = (one for one, held in numbers.targets(shown, span).items() if held == target == 60)
    assert (cell.touchpoint, cell.stage, cell.variant, cell.is_simulated) == (touchpoint, stage, "standard", False)
    one = numbers.series(shown, span, touchpoint, stage, 28)[cell][last]
    assert [one.n, one.value, one.low, one.high] == wanted


def test_days_are_those_of_the_marts(engine: tuple[Settings, Client, Path]) -> None:
    _, client, _ = engine
    shown, span = shown_of(client), Span(date(2025, 6, 1), date(2025, 7, 2))
    mart = client.execute(
        "SELECT bucket, sum(n), sum(n_positive), sum(n_negative) FROM journey.kpi_survey_1d WHERE touchpoint = 'till' GROUP BY 1 ORDER BY 1"
    )
    ((cell, days),) = ViewNumbers(client).series(shown, span, "till", None, 1).items()
    assert cell.stage == ""
    assert [(day, one.n, one.positive, one.negative) for day, one in sorted(days.items())] == mart
    ((traffic, visits),) = ViewNumbers(client).events(shown, span).items()
    assert (traffic.touchpoint, visits[date(2025, 6, 1)], visits[date(2025, 6, 30)]) == ("till", 3, 20)


def test_cases_of_kpis_are_one_each_after_they_were_stored_and_persons_rules_leave_them_alone(
    engine: tuple[Settings, Client, Path],
) -> None:
    settings, client, folder = engine
    said: list[dict[str, Any]] = []

    def stepped(state: Path, now_us: int) -> int:
        with CareStore(state) as kept:

            def post() -> None:
                while waiting := kept.unposted():
                    said.extend(one for _, one in waiting)
                    kept.posted(waiting[-1][0])

            desk = KpiDesk(ViewNumbers(client), kept, post, RULES, {}, lambda _at, _in: {}, "shop", lambda: now_us)
            looked = desk.look()
            while desk._going is not None:
                looked = desk.look()
            return looked.changes

    assert stepped(folder / "one", NOW_US) == 3
    assert sorted((one["rule"], one["properties"]["kpi_day"]) for one in said) == [
        ("below", BELOW_SINCE),
        ("unusual", "2025-06-30"),
        ("volume", "2025-06-30"),
    ]
    (below,) = (one["properties"] for one in said if one["rule"] == "below")
    assert below["ci_high"] < below["target"] == 60
    store(settings, folder / "state", [*events(), *said], text=MAP + TARGET)
    standing = ViewNumbers(client).standing()
    assert {one.rule: (day.isoformat(), one.is_standing) for one, day in standing.values()} == {
        "below": (BELOW_SINCE, True), "unusual": ("2025-06-30", True), "volume": ("2025-06-30", True),
    }  # fmt: skip
    assert stepped(folder / "two", NOW_US) == 0
    case = next(name for name, (one, _) in standing.items() if one.rule == "below")
    ((context,),) = [[one.context for one in read_said(client, case)]]
    assert (context["kpi"], context["kpi_day"], float(context["ci_high"])) == ("nps", BELOW_SINCE, below["ci_high"])
    rows = client.execute("SELECT rule, touchpoint, person, about_event_id, is_open FROM journey.cases ORDER BY rule")
    assert rows == [(rule, "till", None, None, 1) for rule in ("below", "unusual", "volume")]
    assert {one.event_id for one in LedgerFacts(client, load_rules()).standing().values()} == {""}


def test_the_first_start_is_read_back_and_is_no_case(engine: tuple[Settings, Client, Path], tmp_path: Path) -> None:
    settings, client, _ = engine
    start_anew(client)
    assert read_since(client) is None
    began = [began_event(parse_time(f"2025-06-0{day}T00:00:00Z"), "shop") for day in (2, 1)]
    store(settings, tmp_path / "state", began)
    assert read_since(client) == parse_time("2025-06-01T00:00:00Z")
    assert client.execute("SELECT count() FROM journey.cases") == [(0,)]
