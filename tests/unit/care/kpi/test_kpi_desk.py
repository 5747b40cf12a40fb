"""Cases of KPIs: one for each rule, touchpoint, KPI and day or episode, whatever is replayed, restated or killed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from touchline.care.desk import LAPSE_AFTER_US
from touchline.care.kpi.desk import STEP_US, KpiDesk
from touchline.care.kpi.reader import Series, ShownMap, Span
from touchline.care.kpi.series import EVENTS, Cell, Reading, kpi_case_id
from touchline.care.reader import Standing
from touchline.care.rules import CareRules
from touchline.care.store import CareStore
from touchline.schemas.case import CaseEvent
from touchline.schemas.times import parse_time

TODAY = date(2026, 3, 31)
LAST = TODAY - timedelta(days=2)
"""The newest day that is settled a day after its end."""
HOTLINE = Cell("hotline", "retention", "nps", "standard", "transactional", False)
WHOLE = HOTLINE._replace(stage="")
TRAFFIC = Cell("hotline", "", EVENTS, "", "", False)
BELOW = {"id": "below", "kpi_below_target": {"kpi": "nps"}, "contact_within_hours": 24}
UNUSUAL = {"id": "unusual", "unusual_day": {"kpi": "nps"}}
VOLUME = {"id": "volume", "unusual_day": {"volume": True}}


def reading(value: float, n: int = 100, half: float = 10.0, *, is_small: bool = False) -> Reading:
    positive = round(n * (1 + value / 100) / 2)
    return Reading(n, positive, n - positive, value, value - half, value + half, is_small)


def day(back: int) -> date:
    return LAST - timedelta(days=back)


class _Numbers:
    """The views, and the ledger's cases, in memory."""

    def __init__(self) -> None:
        self.target: float | None = 30.0
        self.rolling: dict[date, Reading] = {}
        self.daily: dict[date, Reading] = {}
        self.volumes: dict[date, int] = {}
        self.cases: dict[str, dict[str, Any]] = {}
        self.asked = 0

    def shown_map(self) -> ShownMap | None:
        return ShownMap("retail", 3)

    def targets(self, _shown: ShownMap, _span: Span) -> Mapping[Cell, float | None]:
        return {HOTLINE: self.target} if self.rolling or self.daily else {}

    def series(self, _shown: ShownMap, span: Span, _touchpoint: str, stage: str | None, days: int) -> Series:
        self.asked += 1
        found = self.daily if days == 1 else self.rolling
        cell = WHOLE if stage is None else HOTLINE
        return {cell: {at: one for at, one in found.items() if span.first <= at <= span.last}}

    def events(self, _shown: ShownMap, span: Span) -> Mapping[Cell, Mapping[date, int]]:
        return {TRAFFIC: {at: one for at, one in self.volumes.items() if span.first <= at <= span.last}}

    def standing(self) -> Mapping[str, tuple[Standing, date]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for event in self.cases.values():
            found.setdefault(event["case"], []).append(event)
        return {case: _standing(events) for case, events in found.items()}


def _standing(events: list[dict[str, Any]]) -> tuple[Standing, date]:
    opened = next(one for one in events if one["state"] == "opened")
    newest = max(events, key=_number)
    at_us = max(parse_time(one["time"]) for one in events)
    about = ("", "", "", "", opened["about"]["touchpoint"])
    case = Standing(
        opened["case"], opened["rule"], opened["rule_version"], *about, _number(newest), at_us, False, newest["state"] != "lapsed"
    )  # fmt: skip
    return case, date.fromisoformat(opened["properties"]["kpi_day"])


def _number(event: Mapping[str, Any]) -> int:
    return 0 if event["state"] == "opened" else int(event["id"].split("/")[2])


class _Place:
    def __init__(self, folder: Path, *rules: dict[str, Any], since: date = date(2026, 1, 1)) -> None:
        self.numbers, self.folder, self.since = _Numbers(), folder, since
        self.rules = CareRules.model_validate({"version": 1, "rules": rules})
        self.now_us = round(datetime(TODAY.year, TODAY.month, TODAY.day, 1, tzinfo=UTC).timestamp()) * 1_000_000
        self.losses = 0
        self.begin()

    def begin(self) -> None:
        self.store = CareStore(self.folder / str(self.losses))
        since_us = round(datetime(*self.since.timetuple()[:3], tzinfo=UTC).timestamp()) * 1_000_000
        sinks = {"desk": frozenset(("recovery",))}
        self.desk = KpiDesk(
            self.numbers, self.store, self.post, self.rules, sinks, lambda _at, _in: {"friction": ["queue"]}, "care", lambda: self.now_us,
            since_us,
        )  # fmt: skip

    def end(self, *, is_lost: bool = False) -> None:
        self.store.close()
        self.losses += is_lost

    def post(self) -> None:
        while waiting := self.store.unposted():
            for _, event in waiting:
                self.numbers.cases.setdefault(event["id"], event)
            self.store.posted(waiting[-1][0])

    def step(self, after_us: int = STEP_US) -> list[str]:
        """The next step, whole; what it says, by state."""
        self.now_us += after_us
        before = set(self.numbers.cases)
        self.desk.look()
        while self.desk._going is not None:
            self.desk.look()
        return sorted(event["state"] for key, event in self.numbers.cases.items() if key not in before)

    def days(self) -> list[str]:
        return sorted(one["properties"]["kpi_day"] for one in self.numbers.cases.values() if one["state"] == "opened")

    def told(self) -> list[dict[str, Any]]:
        return [one.body for one in self.store.waiting("desk", 1 << 60, 100)]


def test_a_kpi_whose_interval_lies_below_its_target_is_one_case_while_it_stays_there(tmp_path: Path) -> None:
    place = _Place(tmp_path, BELOW)
    place.numbers.rolling = {day(back): reading(10.0 if back <= 4 else 35.0) for back in range(60)}
    assert place.step() == ["opened"]
    assert place.days() == [day(4).isoformat()]
    for _ in range(3):
        assert place.step() == []
    place.numbers.rolling[day(2)] = reading(35.0)  # it comes near the target for a day, and falls again
    assert place.step() == []
    place.end()


def test_a_case_says_kpi_value_interval_number_target_day_and_map_and_names_nobody(tmp_path: Path) -> None:
    place = _Place(tmp_path, BELOW)
    place.numbers.rolling = {day(0): reading(10.0)}
    place.step()
    (event,), (alert,) = place.numbers.cases.values(), place.told()
    valid = CaseEvent.model_validate(event | {"received_at": event["time"]})
    assert (valid.about.touchpoint, valid.persons, valid.due_at is None) == ("hotline", [], False)
    assert valid.properties == {
        "kpi": "nps", "variant": "standard", "scope": "transactional", "stage": "retention", "kpi_day": LAST.isoformat(), "days": 28,
        "value": 10.0, "ci_low": 0.0, "ci_high": 20.0, "n": 100, "target": 30.0, "map": "retail", "map_version": 3,
    }  # fmt: skip
    assert alert["reason"] == [valid.properties]
    assert (alert["id"], alert["offers"]) == (event["id"], {"friction": ["queue"]})
    assert "person" not in alert
    place.end()


@pytest.mark.parametrize("one", [reading(25.0), reading(10.0, 29, is_small=True), reading(35.0)])
def test_an_interval_that_holds_the_target_or_few_answers_are_no_case(tmp_path: Path, one: Reading) -> None:
    place = _Place(tmp_path, BELOW)
    place.numbers.rolling = {day(0): one}
    assert place.step() == []
    place.end()


def test_without_a_target_nothing_is_below_it(tmp_path: Path) -> None:
    place = _Place(tmp_path, BELOW)
    place.numbers.rolling, place.numbers.target = {day(0): reading(10.0)}, None
    assert place.step() == []
    place.end()


def test_late_answers_that_lift_the_kpi_lapse_the_case_once_it_stays_so_and_it_does_not_vanish(tmp_path: Path) -> None:
    place = _Place(tmp_path, BELOW)
    place.numbers.rolling = {day(0): reading(10.0)}
    place.step()
    place.numbers.rolling[day(0)] = reading(28.0)
    assert place.step() == []
    place.numbers.rolling[day(0)] = reading(10.0)
    assert place.step() == []
    place.numbers.rolling[day(0)] = reading(28.0)
    assert place.step() == []
    assert place.step() == ["lapsed"]
    assert place.step() == []
    place.numbers.rolling[day(0)] = reading(10.0)
    assert place.step() == ["restored"]
    assert [one["state"] for one in place.told()] == ["opened", "lapsed", "restored"]
    assert len({one["case"] for one in place.numbers.cases.values()}) == 1
    place.end()


def test_a_kpi_that_recovers_later_leaves_the_case_to_those_who_work_it(tmp_path: Path) -> None:
    place = _Place(tmp_path, BELOW)
    place.numbers.rolling = {day(0): reading(10.0)}
    place.step()
    for later in range(1, 20):
        place.numbers.rolling[day(-later)] = reading(50.0)
        assert place.step(86_400_000_000) == []
    place.end()


def test_killed_begun_anew_or_without_its_folder_it_opens_no_second_case(tmp_path: Path) -> None:
    place = _Place(tmp_path, BELOW, UNUSUAL)
    place.numbers.rolling = {day(0): reading(10.0)}
    place.numbers.daily = {day(back): reading(40.0 if back else -40.0) for back in range(60)}
    assert place.step() == ["opened", "opened"]
    for is_lost in (False, True, True):
        place.end(is_lost=is_lost)
        place.begin()
        assert place.step() == []
    assert [one["state"] for one in place.told()] == ["opened", "opened"]  # told again, under the same ids
    place.end()


def test_it_looks_once_a_step_however_often_it_is_asked(tmp_path: Path) -> None:
    place = _Place(tmp_path, BELOW)
    place.numbers.rolling = {day(0): reading(35.0)}
    place.step()
    asked = place.numbers.asked
    for _ in range(50):
        place.now_us += LAPSE_AFTER_US
        place.desk.look()
    assert place.numbers.asked == asked
    place.step()
    assert place.numbers.asked > asked
    place.end()


def test_nothing_of_before_the_first_start_is_told(tmp_path: Path) -> None:
    place = _Place(tmp_path, BELOW, UNUSUAL, since=day(3))
    place.numbers.rolling = {day(back): reading(10.0) for back in range(60)}
    place.numbers.daily = {day(back): reading(40.0 if back != 5 else -40.0) for back in range(60)}
    assert place.step() == ["opened"]
    assert place.days() == [day(3).isoformat()]
    place.end()


def test_a_day_is_judged_once_it_is_over_and_settled(tmp_path: Path) -> None:
    place = _Place(tmp_path, UNUSUAL)
    place.numbers.daily = {day(back): reading(40.0) for back in range(60)} | {day(-1): reading(-40.0)}
    assert place.step() == []
    assert place.step(23 * 3_600_000_000) == ["opened"]
    assert place.days() == [day(-1).isoformat()]
    place.end()


def test_an_unusual_day_says_its_limits_and_how_often_such_an_alarm_is_false(tmp_path: Path) -> None:
    place = _Place(tmp_path, UNUSUAL)
    place.numbers.daily = {day(back): reading(40.0 if back else -10.0) for back in range(60)}
    place.step()
    (event,) = place.numbers.cases.values()
    said = event["properties"]
    assert said["value"] < said["limit_low"] < said["expected"] == 40.0 < said["limit_high"]
    assert 0.001 < said["false_alarm_rate"] <= 0.0027
    place.end()


def test_a_day_with_few_days_before_it_is_not_judged(tmp_path: Path) -> None:
    place = _Place(tmp_path, UNUSUAL)
    place.numbers.daily = {day(back): reading(40.0 if back else -40.0) for back in range(13)}
    assert place.step() == []
    place.end()


def test_a_day_on_which_no_event_came_is_unusual_where_many_were_usual(tmp_path: Path) -> None:
    place = _Place(tmp_path, VOLUME)
    place.numbers.volumes = {day(back): 100 + back % 7 for back in range(1, 70)}
    assert place.step() == ["opened"]
    (event,) = place.numbers.cases.values()
    assert (event["properties"]["value"], event["properties"]["kpi"]) == (0, "events")
    place.end()


def test_a_case_has_the_id_of_its_rule_version_touchpoint_kpi_and_day() -> None:
    one = kpi_case_id("below", 1, HOTLINE, day(0))
    others = (
        kpi_case_id("other", 1, HOTLINE, day(0)), kpi_case_id("below", 2, HOTLINE, day(0)), kpi_case_id("below", 1, HOTLINE, day(1)),
        kpi_case_id("below", 1, HOTLINE._replace(kpi="csat"), day(0)), kpi_case_id("below", 1, HOTLINE._replace(touchpoint="till"), day(0)),
    )  # fmt: skip
    assert one == kpi_case_id("below", 1, HOTLINE, day(0))
    assert len({one, *others}) == 6


@pytest.mark.parametrize(
    ("rule", "remedy"),
    [
        ({"id": "a", "unusual_day": {"kpi": "nps", "volume": True}}, "kpi, or volume: true"),
        ({"id": "a", "kpi_below_target": {}, "in_a_row": 2}, "write `days`"),
        ({"id": "a", "kpi_below_target": {}, "answer": {"kpi": "nps", "scored": "bad"}}, "exactly one"),
    ],
)  # fmt: skip
def test_a_rule_of_kpis_that_means_nothing_says_what_to_write(rule: dict[str, object], remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        CareRules.model_validate({"version": 1, "rules": [rule]})
