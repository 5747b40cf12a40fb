"""Numbers of Superset's charts and Grafana's panels, by the SQL that is generated for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time

from tests.support.contradictions.marts import of_map
from tests.support.contradictions.page import FUNNEL, KPI, Numbers, answers, cells, key_of, summed
from tests.support.contradictions.selecting import Selection
from tests.support.contradictions.world import Row, World
from tests.support.grafana import ALL, Range, dashboards, expand
from tests.support.superset_sql import bundled, chart_queries
from touchline.dashboards.bi.grafana_queries import FILTERS

DAY_SECONDS = 86_400
_FROM = re.compile(r"FROM journey\.(\w+)")


def chart(world: World, chosen: Selection, name: str) -> list[Row]:
    """The first query of a chart of Superset, under the dashboard's filters of map and period."""
    found = bundled("charts")[name]
    query = next(chart_queries(found, bundled("datasets")))
    (view,) = _FROM.findall(query)
    columns = {one["column_name"] for one in bundled("datasets")[view]["columns"]}
    conditions = [of_map(chosen)] if {"map", "map_version"} <= columns else []
    day = next((one for one in ("bucket", "started_at") if one in columns), None)
    if day:
        conditions.append(f"toDate({day}, 'UTC') BETWEEN '{chosen.period.first}' AND '{chosen.period.last}'")
    narrowed = f"FROM (SELECT * FROM journey.{view} WHERE {' AND '.join(conditions or ['1'])}) AS {view}"
    return world.sql(re.sub(r"LIMIT \d+$", "", _FROM.sub(narrowed, query)))


def chart_events(world: World, chosen: Selection) -> Numbers:
    (row,) = chart(world, chosen, "events")
    return {"events": row["total_events"]}


def events_with_a_stage(world: World, chosen: Selection) -> Numbers:
    return {"events": sum(row["events"] for row in world.view("volume_by_touchpoint", chosen) if row["stage"])}


def chart_volume(world: World, chosen: Selection) -> Numbers:
    return summed(chart(world, chosen, "volume"), "total_events", "stage_marked")


def events_by_marked_stage(world: World, chosen: Selection) -> Numbers:
    rows = [
        row | {"stage_marked": _marked(row, "stage")}
        for row in world.view("volume_by_touchpoint", chosen)
        if row["stage"]
    ]
    return summed(rows, "events", "stage_marked")


def _marked(row: Row, column: str) -> str:
    return f"{row[column]} (simulated)" if row["is_simulated"] else str(row[column])


def chart_journeys(world: World, chosen: Selection) -> Numbers:
    return {
        "journeys": chart(world, chosen, "journeys")[0]["journey_cycles"],
        "conversions": chart(world, chosen, "converted")[0]["converted"],
        "persons": chart(world, chosen, "persons")[0]["journey_persons"],
    }


def journeys_with_persons(world: World, chosen: Selection) -> Numbers:
    query = f"""SELECT count() AS journeys, countIf(isNotNull(converted_at)) AS conversions, uniqExact(person) AS persons
    FROM journey.journeys WHERE {of_map(chosen)}"""
    return dict(world.sql(query)[0])


def chart_funnel(world: World, chosen: Selection) -> Numbers:
    return {
        str(row["stage_marked"]).removesuffix(" (simulated)"): row["cell_reached"]
        for row in chart(world, chosen, "funnel")
    }


def reached_in_order(world: World, chosen: Selection) -> Numbers:
    return {row["stage"]: row["reached"] for row in world.view(FUNNEL, chosen, as_of=chosen.as_of, mode="in_order")}


def chart_revenue(world: World, chosen: Selection) -> Numbers:
    rows = [row | {"total_amount": float(row["total_amount"])} for row in chart(world, chosen, "revenue")]
    return summed(rows, "total_amount", "currency_marked")


def revenue_by_marked_currency(world: World, chosen: Selection) -> Numbers:
    rows = world.view("revenue_by_touchpoint", chosen)
    return summed(
        [row | {"amount": float(row["amount"]), "at": _marked(row, "currency")} for row in rows], "amount", "at"
    )


CHART_KPI = ("stage", "touchpoint", "kpi", "variant", "scope", "simulated")


def chart_kpis(world: World, chosen: Selection) -> Numbers:
    rows = [row | {"n": row["answers"], "value": row["score"]} for row in chart(world, chosen, "touchpoint_kpis")]
    return cells(rows, ("n", "value"), *CHART_KPI)


def kpis_with_a_stage(world: World, chosen: Selection) -> Numbers:
    rows = [
        row | {"simulated": "simulated" if row["is_simulated"] else ""}
        for row in answers(world, chosen, "survey_by_touchpoint")
        if row["stage"]
    ]
    return cells(rows, ("n", "value"), *CHART_KPI)


def chart_glance(world: World, chosen: Selection) -> Numbers:
    """The table of touchpoints, whose columns have titles."""
    return cells(
        [row for row in chart(world, chosen, "touchpoints") if row["n"]],
        ("n", "value", "events", "persons", "drop_off"),
        *_GLANCE,
    )


_GLANCE = ("stage", "touchpoint", "KPI", "Simulated")


def glance_with_a_stage(world: World, chosen: Selection) -> Numbers:
    events = summed(world.view("volume_by_touchpoint", chosen), "events", "touchpoint", "stage")
    made = summed(
        [row for row in world.view("volume_by_touchpoint", chosen) if row["is_simulated"]],
        "events",
        "touchpoint",
        "stage",
    )
    persons = {
        key_of(row, "touchpoint", "stage"): row
        for row in world.view("persons_by_touchpoint", chosen, as_of=chosen.as_of)
    }
    rows = []
    for row in world.view("survey_by_touchpoint", chosen):
        if row["stage"] and row["n"]:
            place = key_of(row, "touchpoint", "stage")
            what = [name for name, is_it in (("answers", row["is_simulated"]), ("events", made.get(place))) if is_it]
            own = {"KPI": f"{row['kpi']} {row['variant']}, {row['scope']}", "Simulated": ", ".join(what)}
            met = persons.get(place, {"persons": None, "drop_off": None})
            rows.append(
                row | own | {"events": events.get(place), "persons": met["persons"], "drop_off": met["drop_off"]}
            )
    return cells(rows, ("n", "value", "events", "persons", "drop_off"), *_GLANCE)


def _narrowed(world: World, chosen: Selection) -> Selection:
    """Grafana filters by few keys, in order, and looks from where the page does whose address does not say."""
    filters = {key: [one for one in values if one] for key, values in chosen.filters.items() if key in FILTERS}
    filters = {key: values for key, values in filters.items() if values}
    usual = next(one["usual"] for one in world.documents if (one["map"], one["map_version"]) == chosen[:2])
    as_of = usual["as_of" if str(chosen.period.last) <= usual["to"] else "later_as_of"]
    return chosen._replace(filters=filters, as_of=as_of, mode="in_order")


def panel(world: World, chosen: Selection, title: str) -> list[Row]:
    """What a panel of Grafana shows."""
    found = [one for board in dashboards().values() for one in board["panels"] if one["title"] == title]
    offered = world.plain("dimension_values", map=chosen.map, version=chosen.map_version)
    options = {key: [row["value"] for row in offered if row["key"] == key and row["value"]] for key in FILTERS}
    values = {"map": [chosen.map], "map_version": [str(chosen.map_version)], "mode": ["in_order"]}
    values |= {key: list(_narrowed(world, chosen).filters.get(key, [ALL])) for key in FILTERS}
    start, end = (
        datetime.combine(day, moment, UTC)
        for day, moment in zip(chosen.period, (time(), time(23, 59, 59)), strict=True)
    )
    return world.sql(
        re.sub(
            r" LIMIT \d+$",
            "",
            expand(found[0]["targets"][0]["rawSql"], values, options, Range(start, end, DAY_SECONDS)),
        )
    )


def panel_events(world: World, chosen: Selection) -> Numbers:
    (row,) = panel(world, chosen, "Touchpoint events")
    return {"events": row["touchpoint events"], "simulated": row["simulated among them"]}


def events_marked(world: World, chosen: Selection) -> Numbers:
    rows = world.view("volume_by_touchpoint", _narrowed(world, chosen))
    return {
        "events": sum(row["events"] for row in rows),
        "simulated": sum(row["events"] for row in rows if row["is_simulated"]),
    }


def panel_persons(world: World, chosen: Selection) -> Numbers:
    (row,) = panel(world, chosen, "Persons, journeys, converted journeys")
    return {name: row[name] for name in ("persons", "journeys", "converted")}


def persons(world: World, chosen: Selection) -> Numbers:
    rows = [row for row in _persons(world, chosen) if row["touchpoint"] is None]
    names = (("persons", "persons"), ("journeys", "journeys"), ("converted", "conversions"))
    return {name: rows[0][column] if rows else 0 for name, column in names}


def _persons(world: World, chosen: Selection) -> list[Row]:
    narrowed = _narrowed(world, chosen)
    return world.view("persons_by_touchpoint", narrowed, as_of=narrowed.as_of)


LOST = ("persons", "journeys", "dropped", "drop_off", "ci_low", "ci_high")


def panel_drop_off(world: World, chosen: Selection) -> Numbers:
    rows = panel(world, chosen, "Where journeys end without a conversion")
    return cells(rows, LOST, "touchpoint", "stage")


def drop_off(world: World, chosen: Selection) -> Numbers:
    return cells([row for row in _persons(world, chosen) if row["touchpoint"] is not None], LOST, "touchpoint", "stage")


ANSWERED = ("n", "value", "ci_low", "ci_high", "change", "change_low", "change_high", "target")


def panel_kpis(world: World, chosen: Selection) -> Numbers:
    return cells(panel(world, chosen, "KPIs by touchpoint"), ANSWERED, "touchpoint", "stage", *KPI)


def kpis(world: World, chosen: Selection) -> Numbers:
    return cells(world.view("survey_by_touchpoint", _narrowed(world, chosen)), ANSWERED, "touchpoint", "stage", *KPI)


PASSED = ("reached", "advanced", "completed", "dropped", "open", "rate", "ci_low", "ci_high")


def panel_funnel(world: World, chosen: Selection) -> Numbers:
    return cells(panel(world, chosen, "From stage to stage: $mode"), PASSED, "stage")


def funnel(world: World, chosen: Selection) -> Numbers:
    narrowed = _narrowed(world, chosen)
    return cells(world.view(FUNNEL, narrowed, as_of=narrowed.as_of, mode="in_order"), PASSED, "stage")


WAITED = ("n_followed", "n_open", "p50_seconds", "p90_seconds")


def panel_waits(world: World, chosen: Selection) -> Numbers:
    return cells(panel(world, chosen, "Until the next touchpoint"), WAITED, "touchpoint")


def waits(world: World, chosen: Selection) -> Numbers:
    narrowed = _narrowed(world, chosen)
    rows = world.view("waits", narrowed, as_of=narrowed.as_of, by="touchpoint")
    return cells([row | {"touchpoint": row["value"]} for row in rows], WAITED, "touchpoint")


def panel_paths(world: World, chosen: Selection) -> Numbers:
    return cells(panel(world, chosen, "Paths"), ("journeys", "share"), "step", "from_node", "to_node")


def paths(world: World, chosen: Selection) -> Numbers:
    narrowed = _narrowed(world, chosen)
    rows = world.view("paths", narrowed, as_of=narrowed.as_of, by="touchpoint", steps=4, top=8)
    return cells(
        [row for row in rows if row["from_node"] != "(end)"], ("journeys", "share"), "step", "from_node", "to_node"
    )


def panel_revenue(world: World, chosen: Selection) -> Numbers:
    rows = [row | {"amount": float(row["amount"])} for row in panel(world, chosen, "Revenue")]
    return summed(rows, "amount", "touchpoint", "currency", "is_simulated")


def revenue(world: World, chosen: Selection) -> Numbers:
    rows = [
        row | {"amount": float(row["amount"])} for row in world.view("revenue_by_touchpoint", _narrowed(world, chosen))
    ]
    return summed(rows, "amount", "touchpoint", "currency", "is_simulated")


def panel_stages(world: World, chosen: Selection) -> Numbers:
    return summed(panel(world, chosen, "Events by stage"), "events", "stage_name")


def events_by_stage(world: World, chosen: Selection) -> Numbers:
    rows = world.view("volume_by_touchpoint", _narrowed(world, chosen))
    return summed(
        [row | {"name": _marked(row | {"stage": row["stage"] or "(not on the map)"}, "stage")} for row in rows],
        "events",
        "name",
    )


def lines(rows: list[Row]) -> Iterator[tuple[str, int]]:
    """Persons and journeys of a day, whichever line they are drawn as."""
    for row in rows:
        for name in ("persons", "journeys"):
            yield name, next((value for key, value in row.items() if key.startswith(name) and value is not None), 0)


def panel_day(world: World, chosen: Selection) -> Numbers:
    rows = panel(world, chosen._replace(filters={}), "Persons and journeys per day")
    return dict(lines(rows)) if rows else {"persons": 0, "journeys": 0}
