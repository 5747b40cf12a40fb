"""Whatever a reader selects, every view that stands on selected journeys equals a plain recount, and they agree with each other.

The events go through the worker's own steps into the real engine: late, revised and in any order, so that the ledger holds retractions.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.contract.sql.journey_recount import NOWHERE, Filter, JourneyRecount, Selection, place_of
from tests.contract.sql.recount import Cells, Recount
from tests.contract.sql.selecting import rows_of
from tests.contract.sql.simulated_recount import FIRST_DAYS, check_labels_of_journeys, check_labels_of_sums
from tests.contract.sql.stored import start_anew, store
from tests.unit.journey.build import RICH
from tests.unit.processors.loop.world import person_key
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings
from touchline.sql.subjects.paths import STEPS_OF_MART

MAP = parse_map(RICH)
WITHOUT_TERM = RICH.replace("map: rich", "map: patient").replace("  inactivity_days: 3\n", "")
START = datetime(2025, 6, 1, 22, tzinfo=UTC)
DAYS = 16  # the churn term is 3
SHOWN = "reached rate ci_low ci_high ci_method is_simulated"
FUNNEL = "reached advanced completed dropped open numerator denominator rest_completed rest_dropped rest_open"
FILTERS: dict[str, Sequence[str]] = {
    "touchpoint": ("web", "till", "street", "nowhere"),
    "stage": ("look", "buy", ""),
    "channel": ("web", "store", ""),
    "is_online": ("0", "1"),
    "is_simulated": ("0", "1"),
    "brand": ("a", ""),
    "place": ("7", "8", ""),
    "persona": ("expert", "hurried", ""),
    "segment": ("small", ""),
}


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Touchpoint events of four persons and of nobody over two weeks; some come again, changed."""
    events: list[dict[str, Any]] = []
    for number in range(draw(st.integers(25, 60))):
        person = draw(st.integers(0, 4))
        touchpoint = draw(st.sampled_from(("web", "web", "mail", "till", "phone", "forum", "street")))
        action = draw(
            st.sampled_from(("purchase", "purchase", "refund", "") if touchpoint == "till" else ("",) * 7 + ("leave",))
        )
        event: dict[str, Any] = {
            "type": "touchline.touchpoint.v1", "id": f"e{number}", "source": "shop", "touchpoint": touchpoint, "action": action,
            "time": moment(draw), "persons": [{"type": "login", "key": person_key(person)}] if person else [],
            "place": draw(st.sampled_from((None, "7"))), "brand": draw(st.sampled_from((None, "a"))),
            "zone": draw(st.sampled_from(("UTC", "America/New_York"))), "simulated": draw(st.integers(0, 5)) == 0,
        }  # fmt: skip
        if touchpoint == "till":
            event["amount"] = {
                "currency": draw(st.sampled_from(("EUR", "JPY"))),
                "amount_minor": draw(st.integers(-99, 9_999)),
            }
        events.append(event)
        if draw(st.integers(0, 3)) == 0:
            events.append(event | {"revision": 1, "time": moment(draw), "place": draw(st.sampled_from((None, "8")))})
    return draw(st.permutations(events))


def moment(draw: st.DrawFn) -> str:
    """Quarters of an hour: so that some events are of one instant."""
    return (START + timedelta(minutes=15 * draw(st.integers(0, DAYS * 96)))).isoformat()


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """A period, up to three keys of the filter, and a moment in it or after."""
    first = date(2025, 6, 1) + timedelta(days=draw(st.sampled_from((0, 0, 3, 9))))
    last = first + timedelta(days=draw(st.sampled_from((0, 4, 40))))
    keys = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=3, unique=True))
    chosen = {key: draw(st.lists(st.sampled_from(FILTERS[key]), max_size=2, unique=True)) for key in keys}
    as_of = START + timedelta(hours=draw(st.integers(0, 24 * (DAYS + 5))))
    return Selection(first, last, chosen, as_of.replace(tzinfo=None))


class Views:
    """The views with arguments for one selection, as the recount names their rows."""

    def __init__(self, client: Client, selection: Selection, journey_map: str, version: int) -> None:
        self.client = client
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self.filter: Filter = selection.filter
        self.given = {
            "map": journey_map, "map_version": version, "date_from": selection.date_from, "date_to": selection.date_to,
            "as_of": selection.as_of,
        }  # fmt: skip

    def read(self, view: str, keys: str, values: str, **arguments: object) -> Cells:
        """Rows as a dictionary, times without zone. Each question is asked once."""
        question = f"{view} {arguments}"
        if question not in self._rows:
            self._rows[question] = rows_of(self.client, view, self.filter, **self.given, **arguments)
        found: Cells = {}
        for row in self._rows[question]:
            plain = {
                name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
                for name, value in row.items()
            }
            key = tuple(plain[name] for name in keys.split())
            assert key not in found, f"{view} has two rows of one thing"
            numbers = tuple(plain[name] for name in values.split())
            found[key] = numbers[0] if len(numbers) == 1 else numbers
        return found


def check_against_recount(views: Views, recount: JourneyRecount) -> None:
    check_marks(views, recount)
    h = "touchpoint stage stage_order channel is_online is_simulated"
    assert views.read("volume_by_touchpoint", h, "events") == recount.volume()
    for grain in ("hour", "day", "week", "month"):
        found = views.read("volume_over_time", "bucket touchpoint is_simulated", "events", grain=grain)
        assert found == recount.over_time(grain)
        parts = views.read("volume_over_time", "bucket touchpoint is_simulated", "is_part", grain=grain)
        assert {key: bool(part) for key, part in parts.items()} == {
            key: is_cut(grain, key[0].date(), recount.selection) for key in parts
        }
    assert (
        views.read("revenue_by_touchpoint", "touchpoint stage currency is_simulated", "orders amount")
        == recount.revenue()
    )
    counts = "persons journeys conversions dropped numerator denominator"
    assert views.read("persons_by_touchpoint", "touchpoint stage", counts) == recount.persons()
    for mode in ("in_order", "any"):
        assert views.read("funnel_stage", "stage stage_order", FUNNEL, mode=mode) == recount.funnel(mode)
    listed = (
        "started_at last_at converted_at stage_max depth touchpoints stage_at_end state is_window_over is_end_known is_simulated path "
        "stage_path"
    )
    assert views.read("journeys", "person cycle", listed) == recount.list()
    for by in ("touchpoint", "stage"):
        numbers = "n_followed n_open n_last p50_seconds p75_seconds p90_seconds"
        waits = {key[0]: row for key, row in views.read("waits", "value", numbers, by=by).items()}
        assert waits == recount.waits(by)
        edges = views.read("paths", "step from_node to_node", "journeys", by=by, steps=4, top=2)
        assert edges == recount.edges(by, 4, 2)


def is_cut(grain: str, first: date, selection: Selection) -> bool:
    """Whether a week or month that begins on that day has days outside of the period."""
    if grain not in ("week", "month"):
        return False
    following = first + timedelta(days=7) if grain == "week" else (first + timedelta(days=31)).replace(day=1)
    return first < selection.date_from or following - timedelta(days=1) > selection.date_to


def check_marks(views: Views, recount: JourneyRecount) -> None:
    """No number into which simulated events enter is without its mark; nor is another one marked, unless all is selected."""
    simulated = any(one.h()[3] for journey in recount.journeys for one in journey.rows)
    marks = {
        *views.read("funnel_stage", "stage", "is_simulated", mode="any").values(),
        *views.read("waits", "value", "is_simulated", by="stage").values(),
        *views.read("paths", "step from_node to_node", "is_simulated", by="touchpoint", steps=2, top=2).values(),
    }
    assert marks == {simulated} or (not any(views.filter.values()) and simulated <= min(marks) == max(marks))
    for here, mark in views.read("persons_by_touchpoint", "touchpoint stage", "is_simulated").items():
        assert mark == any(one.h()[3] for one in recount.events if here in (NOWHERE, place_of(one)))


def check_against_each_other(views: Views, recount: JourneyRecount) -> None:
    """Chart = list = funnel = paths = the plain views."""
    journeys = views.read("journeys", "person cycle", "depth stage_max state")
    for mode, place in (("in_order", 0), ("any", 1)):
        for (_, order), counts in views.read("funnel_stage", "stage stage_order", FUNNEL, mode=mode).items():
            reached, advanced, completed, dropped, still, went_on, judged, *rest = counts
            assert reached == advanced + completed + dropped + still
            assert judged == went_on + sum(rest)
            here = [row[2] for row in journeys.values() if row[place] == order]
            assert (completed, dropped, still) == tuple(map(here.count, ("converted", "closed", "open")))
            if mode == "any" and order == 1:
                assert reached == len(journeys)  # every journey begins with a mapped event
    for by in ("touchpoint", "stage"):
        steps: dict[int, int] = {}
        shares: dict[int, float] = {}
        for (step, _, _), (passing, share) in views.read(
            "paths", "step from_node to_node", "journeys share", by=by, steps=4, top=2
        ).items():
            steps[step] = steps.get(step, 0) + passing
            shares[step] = shares.get(step, 0) + share
        assert steps == ({step: len(journeys) for step in range(4)} if journeys else {})
        assert all(abs(share - 1) < 1e-9 for share in shares.values())
    total = views.read("persons_by_touchpoint", "touchpoint stage", "persons journeys").get(NOWHERE, (0, 0))
    assert total[1] == len(journeys)
    check_against_plain_views(views, total[0])


def check_against_plain_views(views: Views, persons: int) -> None:
    """A reader who writes WHERE over the views without arguments finds the same."""
    conditions = [
        f"local_date BETWEEN '{views.given['date_from']}' AND '{views.given['date_to']}'",
        f"map = '{views.given['map']}' AND map_version = {views.given['map_version']}",
    ]
    conditions += [
        f"ifNull(toString({key}), '') IN ({', '.join(map(repr, values))})"
        for key, values in views.filter.items()
        if values
    ]
    where = " AND ".join(conditions)
    events = sum(
        views.read("volume_by_touchpoint", "touchpoint stage channel is_online is_simulated", "events").values()
    )
    ((facts, people),) = views.client.execute(
        f"SELECT count(), uniqExact(person) FROM journey.attachments WHERE {where}"
    )
    ((mart,),) = views.client.execute(
        f"SELECT sum(events) FROM journey.kpi_volume_1d WHERE {where.replace('local_date', 'bucket')}"
    )
    assert (events, events, persons) == (facts, mart, people)


def check_marts(client: Client, recount: Recount) -> None:
    """Marts take no arguments: all journeys, as of the end of the hour of the newest event; persons by local day, week and month."""
    moving = recount.moving
    newest = max((one.time for one in recount.touchpoints), default=START.replace(tzinfo=None))
    as_of = newest.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    of_all = JourneyRecount(recount, Selection(date.min, date.max, {}, as_of))
    for by in ("touchpoint", "stage"):
        where = f"WHERE map = '{recount.map.map}' AND level = '{by}'"
        numbers = "value, n_followed, n_open, n_last, p50_seconds, p75_seconds, p90_seconds"
        dwell = client.execute(f"SELECT {numbers} FROM journey.kpi_dwell {where}")
        assert {row[0]: row[1:] for row in dwell} == of_all.waits(by)
        edges = client.execute(f"SELECT step, from_node, to_node, journeys FROM journey.path_edges {where}")
        assert {row[:3]: row[3] for row in edges} == of_all.edges(by, STEPS_OF_MART, 99)
    check_labels_of_journeys(client, of_all)
    check_funnel_of_all(client, recount)
    check_labels_of_sums(client, recount)
    for name, first_day in FIRST_DAYS.items():
        people: dict[date, set[Any]] = {}
        cycles: dict[date, set[Any]] = {}
        for one in moving:
            people.setdefault(first_day(one.day), set()).add(one.person)
            cycles.setdefault(first_day(one.day), set()).update(
                [(one.person, one.row["cycle"])] if one.row["cycle"] else []
            )
        found = client.execute(f"SELECT bucket, persons, journeys FROM journey.kpi_persons_{name}")
        assert {row[0]: row[1:] for row in found} == {day: (len(who), len(cycles[day])) for day, who in people.items()}


def check_funnel_of_all(client: Client, recount: Recount) -> None:
    """It is the view with arguments over all days, in order, as of noon after the map's last day."""
    placed = [one.day for one in recount.touchpoints if one.row["stage"]]
    as_of = datetime.combine(max(placed, default=date(2025, 1, 1)) + timedelta(days=1), time(12))
    whole = Selection(date(1970, 1, 1), date(2149, 6, 6), {}, as_of)
    expected = JourneyRecount(recount, whole).funnel("in_order")
    found = client.execute(f"SELECT stage, stage_order, {', '.join(FUNNEL.split())} FROM journey.funnel_stage")
    assert {row[:2]: row[2:] for row in found} == expected
    views = Views(client, whole, recount.map.map, recount.map.version)
    shown = client.execute(f"SELECT stage, {', '.join(SHOWN.split())} FROM journey.funnel_stage")
    assert {row[:1]: row[1:] for row in shown} == views.read("funnel_stage", "stage", SHOWN, mode="in_order")


def check_windowfunnel(client: Client, views: Views, stages: int) -> None:
    """The depth of each journey is what ClickHouse itself says."""
    chain = ", ".join(f"stage_order = {order}" for order in range(1, stages + 1))
    found = client.execute(
        f"SELECT person, cycle, windowFunnel({10**15})(toUInt64(toUnixTimestamp64Micro(event_time)), {chain}) "
        "FROM journey.attachments WHERE cycle IS NOT NULL GROUP BY person, cycle"
    )
    assert {row[:2]: row[2] for row in found} == views.read("journeys", "person cycle", "depth")


@settings(
    max_examples=2, phases=(Phase.explicit, Phase.generate), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(
    events=histories(),
    sizes=st.lists(st.integers(5, 30), min_size=1, max_size=3),
    chosen=st.lists(selections(), min_size=3, max_size=3),
    text=st.sampled_from((RICH, RICH, WITHOUT_TERM)),
)
def test_every_view_of_selected_journeys_equals_a_recount_and_agrees_with_the_others(
    engine_client: Client,
    engine_settings: Settings,
    events: list[dict[str, Any]],
    sizes: list[int],
    chosen: list[Selection],
    text: str,
) -> None:
    start_anew(engine_client, text)
    with tempfile.TemporaryDirectory() as folder:
        store(engine_settings, Path(folder), events, sizes, text)
    journey_map = parse_map(text)
    recount = Recount(events, journey_map)
    whole = Selection(date(2025, 1, 1), date(2025, 12, 31), {}, chosen[0].as_of)
    for selection in (whole, *chosen):
        views = Views(engine_client, selection, journey_map.map, journey_map.version)
        of_selection = JourneyRecount(recount, selection)
        check_against_recount(views, of_selection)
        check_against_each_other(views, of_selection)
        if selection is whole:
            check_windowfunnel(engine_client, views, len(journey_map.stages))
    check_marts(engine_client, recount)


@pytest.mark.parametrize(("hours", "over"), [(71, 0), (72, 3)])
def test_a_journey_that_begins_with_its_end_waits_for_the_term_like_all_others(
    engine_client: Client, engine_settings: Settings, hours: int, over: int
) -> None:
    """Else rates of the last days would count those who left at once, and nobody else."""
    start_anew(engine_client, RICH)
    actions = {1: "leave", 2: "", 3: ""}
    events = [
        {"type": "touchline.touchpoint.v1", "id": f"e{person}", "source": "shop", "touchpoint": "web", "action": action,
         "time": START.isoformat(), "persons": [{"type": "login", "key": person_key(person)}]}
        for person, action in actions.items()
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        store(engine_settings, Path(folder), events, [10], RICH)
    as_of = (START + timedelta(hours=hours)).replace(tzinfo=None)
    views = Views(engine_client, Selection(date(2025, 1, 1), date(2025, 12, 31), {}, as_of), MAP.map, MAP.version)
    assert views.read("funnel_stage", "stage", "denominator", mode="any")["look",] == over
    assert views.read("persons_by_touchpoint", "touchpoint stage", "denominator")[NOWHERE] == over
    assert set(views.read("journeys", "person cycle", "is_window_over").values()) == {over // 3}
