"""Which rows of marts are labelled, told once more from the events as sent: those that a simulated event enters, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from datetime import date, timedelta
from typing import Any

from clickhouse_driver import Client

from tests.contract.sql.journey_recount import JourneyRecount
from tests.contract.sql.recount import Placed, Recount
from touchline.sql.subjects.paths import STEPS_OF_MART

Key = Callable[[Placed], tuple[Any, ...]]
FIRST_DAYS: dict[str, Callable[[date], date]] = {
    "1d": lambda day: day,
    "1w": lambda day: day - timedelta(days=day.weekday()),
    "1mo": lambda day: day.replace(day=1),
}


def is_simulated(one: Placed) -> bool:
    return bool(one.h()[3])


def check_label(client: Client, view: str, keys: str, simulated: Iterable[tuple[Any, ...]], where: str = "1") -> None:
    """Every row of a view is labelled when its keys are among these, and only then."""
    rows = client.execute(f"SELECT {keys}, is_simulated FROM journey.{view} WHERE {where}")
    known = set(simulated)
    assert {row[:-1]: row[-1] for row in rows} == {row[:-1]: int(row[:-1] in known) for row in rows}, view


def check_labels_of_sums(client: Client, recount: Recount) -> None:
    """Persons, waits, funnels and what is not on the map: of all touchpoint events that count."""
    simulated = [one for one in recount.touchpoints if is_simulated(one)]
    grains: dict[str, Key] = {
        "touchpoint": lambda one: (one.day, one.h()[0]),
        "stage": lambda one: (one.day, one.row["stage"] or None),
        "channel": lambda one: (one.day, one.h()[1]),
    }
    for grain, key in grains.items():
        check_label(client, f"kpi_persons_{grain}_1d", f"bucket, {grain}", map(key, simulated))
    for name, first_day in FIRST_DAYS.items():
        check_label(client, f"kpi_persons_{name}", "bucket", [(first_day(one.day),) for one in simulated])
    places = [(one.day, one.row["stage"] or None, *one.h()[:2]) for one in simulated]
    check_label(client, "kpi_wait_1d", "bucket, stage, touchpoint, channel", places)
    check_label(client, "funnel_stage", "map", [(recount.map.map,) for _ in simulated])
    check_label(client, "unmapped", "touchpoint", [(one.h()[0],) for one in simulated if not one.row["is_mapped"]])


def check_labels_of_journeys(client: Client, every: JourneyRecount) -> None:
    """Waits, paths and the list: of the journeys that have a simulated touchpoint. `every` holds all journeys of the ledger."""
    some = copy(every)
    some.journeys = [one for one in every.journeys if any(map(is_simulated, one.rows))]
    check_label(client, "journeys", "person, cycle", [(one.person, one.cycle) for one in some.journeys])
    for by in ("touchpoint", "stage"):
        where = f"level = '{by}'"
        check_label(client, "kpi_dwell", "value", [(value,) for value in some.waits(by)], where)
        check_label(client, "path_edges", "step, from_node, to_node", some.edges(by, STEPS_OF_MART, 99), where)
