"""Numbers of `touchline report --json`: over all days of a map, and the trends of its usual period."""

from __future__ import annotations

from tests.support.contradictions.page import FUNNEL, KPI, Numbers, cells, key_of, summed
from tests.support.contradictions.selecting import Selection
from tests.support.contradictions.world import Row, World

TREND = ("change", "ci_low", "ci_high", "n", "n_before")


def _lines(world: World, chosen: Selection) -> list[Row]:
    """Those of the map that have a number."""
    lines = [one for one in world.report()["touchpoints"] if one["map"] == chosen.map]
    return [one | {"is_simulated": int(one["is_simulated"])} for one in lines]


def _shown(world: World, chosen: Selection) -> set[str]:
    """Under other maps than the default one, and where several are, the report leaves out what a map does not place."""
    return {one["touchpoint"] for one in _lines(world, chosen)}


def events(world: World, chosen: Selection) -> Numbers:
    return summed(_lines(world, chosen), "events", "touchpoint", "stage", "is_simulated")


def events_of_page(world: World, chosen: Selection) -> Numbers:
    shown = _shown(world, chosen)
    rows = [row for row in world.view("volume_by_touchpoint", chosen) if row["touchpoint"] in shown]
    return summed(rows, "events", "touchpoint", "stage", "is_simulated")


def persons(world: World, chosen: Selection) -> Numbers:
    lines = _lines(world, chosen)
    return {
        (is_simulated, *key_of(one, "touchpoint", "stage")): one["persons"]
        for is_simulated in (0, 1) for one in lines if one["is_simulated"] == is_simulated
    }  # fmt: skip


def persons_of_page(world: World, chosen: Selection) -> Numbers:
    shown, found = _shown(world, chosen), {}
    for is_simulated in (0, 1):
        for row in world.view("persons_by_touchpoint", chosen, as_of=chosen.as_of, is_simulated=is_simulated):
            if row["touchpoint"] in shown:
                found[is_simulated, *key_of(row, "touchpoint", "stage")] = row["persons"]
    return found


def kpis(world: World, chosen: Selection) -> Numbers:
    rows = [one | kpi for one in _lines(world, chosen) for kpi in one["kpis"]]
    return cells(rows, ("n", "value", "ci_low", "ci_high"), "touchpoint", "stage", *KPI)


def kpis_of_page(world: World, chosen: Selection) -> Numbers:
    shown = _shown(world, chosen)
    rows = [row for row in world.view("survey_by_touchpoint", chosen) if row["touchpoint"] in shown]
    return cells(rows, ("n", "value", "ci_low", "ci_high"), "touchpoint", "stage", *KPI)


def trends(world: World, chosen: Selection) -> Numbers:
    rows = [one | kpi | kpi["trend"] for one in _lines(world, chosen) for kpi in one["kpis"]]
    return cells(rows, TREND, "touchpoint", "stage", *KPI)


def trends_of_page(world: World, chosen: Selection) -> Numbers:
    shown = _shown(world, chosen)
    rows = [
        row | {"ci_low": row["change_low"], "ci_high": row["change_high"]}
        for row in world.view("survey_by_touchpoint", chosen)
        if row["touchpoint"] in shown
    ]
    return cells(rows, TREND, "touchpoint", "stage", *KPI)


def periods(world: World, chosen: Selection) -> Numbers:
    (found,) = [one for one in world.report()["maps"] if one["map"] == chosen.map]
    return {name: found["periods"][name] for name in ("from", "to", "before_from", "before_to")}


def periods_of_page(world: World, chosen: Selection) -> Numbers:
    (found,) = [one for one in world.documents if (one["map"], one["map_version"]) == chosen[:2]]
    return {name: found["usual"][name] for name in ("from", "to", "before_from", "before_to")}


def stages(world: World, chosen: Selection) -> Numbers:
    rows = [one for one in world.report()["stages"] if one["map"] == chosen.map]
    return cells(rows, ("reached", "rate", "ci_low", "ci_high"), "stage")


def stages_of_page(world: World, chosen: Selection) -> Numbers:
    rows = world.view(FUNNEL, chosen, as_of=chosen.as_of, mode=world.report()["mode"])
    return cells(rows, ("reached", "rate", "ci_low", "ci_high"), "stage")


def unmapped(world: World, chosen: Selection) -> Numbers:
    return {"events": world.report()["unmapped_events"]}


def unmapped_of_page(world: World, chosen: Selection) -> Numbers:
    return {"events": sum(row["events"] for row in world.plain("unmapped"))}


def account(world: World, chosen: Selection) -> Numbers:
    found = dict(world.report()["account"])
    del found["is_balanced"]
    return found


def account_of_page(world: World, chosen: Selection) -> Numbers:
    rows = world.plain("account")
    return {name: sum(row[name] for row in rows) for name in account(world, chosen)}
