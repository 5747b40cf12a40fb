"""Numbers as the page shows them, by the questions that it asks, and the journeys that its links open."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.support.contradictions.selecting import Selection
from tests.support.contradictions.world import Row, World

Numbers = dict[Any, Any]
FUNNEL = "funnel_stage"
FUNNEL_COUNTS = ("reached", "advanced", "completed", "dropped", "open", "numerator", "denominator")
KPI = ("kpi", "variant", "scope", "is_simulated")
LINKS_MOST = 6
"""So many links of one kind are followed a selection."""


def key_of(row: Row, *names: str) -> tuple[Any, ...]:
    """Texts and numbers of some columns; what is not known is an empty text."""
    return tuple("" if row[name] is None else row[name] for name in names)


def summed(rows: list[Row], column: str, *names: str) -> Numbers:
    """Sums of a column by others."""
    found: Counter[Any] = Counter()
    for row in rows:
        found[key_of(row, *names)] += row[column] or 0
    return dict(found)


def cells(rows: list[Row], columns: tuple[str, ...], *names: str) -> Numbers:
    """Columns by others, which name a row."""
    found: Numbers = {}
    for row in rows:
        key = key_of(row, *names)
        assert (key, columns[0]) not in found, f"two rows of {key}"
        found |= {(key, column): row[column] for column in columns}
    return found


def events_by_touchpoint(world: World, chosen: Selection) -> Numbers:
    return summed(world.view("volume_by_touchpoint", chosen), "events", "touchpoint", "stage")


def events_by_key(world: World, chosen: Selection) -> Numbers:
    keys = ("touchpoint", "stage", "channel", "is_simulated")
    return summed(world.view("volume_by_touchpoint", chosen), "events", *keys)


def events_of_touchpoints(world: World, chosen: Selection) -> Numbers:
    return summed(world.view("volume_by_touchpoint", chosen), "events", "touchpoint", "is_simulated")


def events_over_time(world: World, chosen: Selection) -> Numbers:
    rows = world.view("volume_over_time", chosen, grain=chosen.grain)
    return summed(rows, "events", "touchpoint", "is_simulated")


def events_in_all(world: World, chosen: Selection) -> Numbers:
    return {"events": sum(events_by_touchpoint(world, chosen).values())}


def events_in_menus(world: World, chosen: Selection) -> Numbers:
    """Each key of the filter splits the same events."""
    rows = world.plain("dimension_values", map=chosen.map, version=chosen.map_version)
    return {key: sum(row["events"] for row in rows if row["key"] == key) for key in {row["key"] for row in rows}}


def events_for_menus(world: World, chosen: Selection) -> Numbers:
    events = sum(events_by_touchpoint(world, chosen).values())
    return {row["key"]: events for row in world.plain("dimension_values", map=chosen.map, version=chosen.map_version)}


def unplaced(world: World, chosen: Selection) -> Numbers:
    """Of the foot of the page: events to which the map gives no stage."""
    rows = [row for row in world.view("volume_by_touchpoint", chosen) if row["stage"] is None]
    return summed(rows, "events", "touchpoint")


def _persons(world: World, chosen: Selection, **more: object) -> list[Row]:
    return world.view("persons_by_touchpoint", chosen, as_of=chosen.as_of, **more)


def persons_by_touchpoint(world: World, chosen: Selection) -> Numbers:
    rows = [row for row in _persons(world, chosen) if row["touchpoint"] is not None]
    return cells(rows, ("persons", "journeys"), "touchpoint", "stage")


def persons_in_all(world: World, chosen: Selection) -> Numbers:
    rows = [row for row in _persons(world, chosen) if row["touchpoint"] is None]
    return {name: rows[0][name] if rows else 0 for name in ("persons", "journeys", "conversions")}


def people(world: World, chosen: Selection) -> Numbers:
    found = persons_in_all(world, chosen)
    return {name: found[name] for name in ("persons", "journeys")}


def persons_by_filter(world: World, chosen: Selection) -> Numbers:
    """Of a touchpoint in a stage as the total of a selection of nothing else."""
    found: Numbers = {}
    for row in _places(world, chosen):
        here = chosen._replace(
            filters={**chosen.filters, "touchpoint": [row["touchpoint"]], "stage": [row["stage"] or ""]}
        )
        key = key_of(row, "touchpoint", "stage")
        found |= {(key, name): number for name, number in persons_in_all(world, here).items()}
    return found


def persons_of_some(world: World, chosen: Selection) -> Numbers:
    columns = ("persons", "journeys", "conversions")
    return cells(_places(world, chosen), columns, "touchpoint", "stage")


def _places(world: World, chosen: Selection) -> list[Row]:
    """Some touchpoints with their stages, each of which the filter selects as a whole."""
    rows = [row for row in _persons(world, chosen) if row["touchpoint"] is not None]
    if chosen.filters.keys() & {"touchpoint", "stage"}:
        return []
    return sorted(rows, key=lambda row: (-row["journeys"], *key_of(row, "touchpoint", "stage")))[:LINKS_MOST]


def lost_by_touchpoint(world: World, chosen: Selection) -> Numbers:
    return cells(_places(world, chosen), ("journeys", "dropped", "numerator"), "touchpoint", "stage")


def lost_behind_links(world: World, chosen: Selection) -> Numbers:
    found: Numbers = {}
    for row in _places(world, chosen):
        stage = row["stage"] or ""
        here: dict[str, object] = {"touchpoint": row["touchpoint"], "stage": stage}
        ended = {**here, "touchpoint_last": row["touchpoint"], "stage_at_end": stage, "state": "closed"}
        key = key_of(row, "touchpoint", "stage")
        found |= {
            (key, "journeys"): world.count(chosen, **here),
            (key, "dropped"): world.count(chosen, **ended),
            (key, "numerator"): world.count(chosen, **ended, is_end_known=1),
        }
    return found


def journeys_listed(world: World, chosen: Selection) -> Numbers:
    rows = _journeys(world, chosen)
    return {"journeys": len(rows), "conversions": sum(row["converted_at"] is not None for row in rows)}


def journeys_counted(world: World, chosen: Selection) -> Numbers:
    found = persons_in_all(world, chosen)
    return {name: found[name] for name in ("journeys", "conversions")}


def _journeys(world: World, chosen: Selection) -> list[Row]:
    return world.view("journeys", chosen, as_of=chosen.as_of)


def is_listed_whole(world: World, chosen: Selection) -> bool:
    """Whether the list of journeys is not cut off."""
    return len(_journeys(world, chosen)) < 10_000


def revenue(world: World, chosen: Selection) -> Numbers:
    rows = world.view("revenue_by_touchpoint", chosen)
    return summed([_paid(row) for row in rows], "amount", "touchpoint", "stage", "currency", "is_simulated")


def _paid(row: Row) -> Row:
    return row | {"amount": float(row["amount"] or 0)}


def funnel(world: World, chosen: Selection) -> Numbers:
    return cells(_funnel(world, chosen), FUNNEL_COUNTS, "stage")


def _funnel(world: World, chosen: Selection) -> list[Row]:
    return world.view(FUNNEL, chosen, as_of=chosen.as_of, mode=chosen.mode)


def funnel_of_journeys(world: World, chosen: Selection) -> Numbers:
    """The funnel, counted over the list of journeys."""
    journeys, column = _journeys(world, chosen), {"in_order": "depth", "any": "stage_max"}[chosen.mode]
    found: Numbers = {}
    for stage in _funnel(world, chosen):
        reached = [row for row in journeys if row[column] >= stage["stage_order"]]
        here = [row for row in reached if row[column] == stage["stage_order"]]
        judged = [row for row in reached if row["is_window_over"]]
        state = Counter(row["state"] for row in here)
        counts = (
            len(reached), len(reached) - len(here), state["converted"], state["closed"], state["open"],
            sum(row[column] > stage["stage_order"] for row in judged), len(judged),
        )  # fmt: skip
        found |= {(key_of(stage, "stage"), name): count for name, count in zip(FUNNEL_COUNTS, counts, strict=True)}
    return found


def stays(world: World, chosen: Selection) -> Numbers:
    rows = world.view("waits", chosen, as_of=chosen.as_of, by="touchpoint")
    return {row["value"]: row["n_followed"] + row["n_open"] + row["n_last"] for row in rows}


def stays_of_journeys(world: World, chosen: Selection) -> Numbers:
    return dict(Counter(name for row in _journeys(world, chosen) for name in row["path"]))


def steps(world: World, chosen: Selection) -> Numbers:
    """Every step of the paths has all journeys."""
    rows = world.view("paths", chosen, as_of=chosen.as_of, by=chosen.level, steps=4, top=4)
    return summed(rows, "journeys", "step")


def steps_of_journeys(world: World, chosen: Selection) -> Numbers:
    journeys = persons_in_all(world, chosen)["journeys"]
    return {(step,): journeys for step in range(4)} if journeys else {}


def edges(world: World, chosen: Selection) -> Numbers:
    return {key_of(row, "step", "from_node", "to_node"): row["journeys"] for row in _edges(world, chosen)}


def _edges(world: World, chosen: Selection) -> list[Row]:
    rows = world.view("paths", chosen, as_of=chosen.as_of, by=chosen.level, steps=4, top=3)
    return sorted(rows, key=lambda row: -row["journeys"])[:LINKS_MOST]


def edges_behind_links(world: World, chosen: Selection) -> Numbers:
    return {
        key_of(row, "step", "from_node", "to_node"): world.count(
            chosen,
            by=chosen.level,
            steps=4,
            top=3,
            step=row["step"],
            node_from=row["from_node"],
            node_to=row["to_node"],
        )
        for row in _edges(world, chosen)
    }


def answers(world: World, chosen: Selection, view: str, **more: object) -> list[Row]:
    """Rows of a survey view that are not suppressed."""
    return [row for row in world.view(view, chosen, **more) if not row["is_suppressed"]]


def n_in_all(world: World, chosen: Selection) -> Numbers:
    return summed(answers(world, chosen, "survey_total"), "n", *KPI)


def n_by_touchpoint(world: World, chosen: Selection) -> Numbers:
    return summed(answers(world, chosen, "survey_by_touchpoint"), "n", *KPI)


def n_by_stage(world: World, chosen: Selection) -> Numbers:
    return summed(answers(world, chosen, "survey_by_stage"), "n", *KPI)


def n_over_time(world: World, chosen: Selection) -> Numbers:
    return summed(answers(world, chosen, "survey_over_time", grain=chosen.grain), "n", *KPI)


def n_by_channel(world: World, chosen: Selection) -> Numbers:
    return summed(answers(world, chosen, "survey_split", by="channel"), "n", *KPI)


def n_of_impact(world: World, chosen: Selection) -> Numbers:
    return summed(answers(world, chosen, "impact"), "n", *KPI)


def values_in_all(world: World, chosen: Selection) -> Numbers:
    return cells(answers(world, chosen, "survey_total"), ("n", "value"), *KPI)


def values_by_touchpoint(world: World, chosen: Selection) -> Numbers:
    rows = answers(world, chosen, "survey_by_touchpoint")
    return cells(rows, ("n", "value", "ci_low", "ci_high"), "touchpoint", "stage", *KPI)


def values_by_filter(world: World, chosen: Selection) -> Numbers:
    """Of a touchpoint as the total of a selection of nothing else."""
    found: Numbers = {}
    for name in _rated(world, chosen):
        here = chosen._replace(filters={**chosen.filters, "touchpoint": [name]})
        found |= cells(
            [row | {"touchpoint": name} for row in answers(world, here, "survey_total")],
            ("n", "value"),
            "touchpoint",
            *KPI,
        )
    return found


def values_of_impact(world: World, chosen: Selection) -> Numbers:
    rated = _rated(world, chosen)
    rows = [row for row in answers(world, chosen, "impact") if row["touchpoint"] in rated]
    return cells(rows, ("n", "value"), "touchpoint", *KPI)


def _rated(world: World, chosen: Selection) -> list[str]:
    if "touchpoint" in chosen.filters:
        return []
    return sorted({row["touchpoint"] for row in answers(world, chosen, "impact")})[:LINKS_MOST]


def _acted(world: World, chosen: Selection) -> list[Row]:
    rows = [] if chosen.filters.keys() & {"touchpoint", "is_simulated"} else world.view("impact", chosen)
    return sorted(rows, key=lambda row: (-row["journeys"], *key_of(row, "touchpoint", *KPI)))[:LINKS_MOST]


def journeys_of_impact(world: World, chosen: Selection) -> Numbers:
    return cells(_acted(world, chosen), ("journeys",), "touchpoint", *KPI)


def impact_behind_links(world: World, chosen: Selection) -> Numbers:
    found: Numbers = {}
    for row in _acted(world, chosen):
        real = {} if row["is_simulated"] else {"is_simulated": "0"}
        found[key_of(row, "touchpoint", *KPI), "journeys"] = world.count(chosen, touchpoint=row["touchpoint"], **real)
    return found


def answered_behind_links(world: World, chosen: Selection) -> Numbers:
    """Journeys that the answers of a KPI on a card open."""
    return {
        (key_of(row, "touchpoint", "stage", *KPI), answers): _answered(world, chosen, row, answers)
        for row in _answers_shown(world, chosen)
        for answers in ("all", "good", "neutral", "bad")
    }


def _answers_shown(world: World, chosen: Selection) -> list[Row]:
    if chosen.filters.keys() & {"touchpoint", "stage", "is_simulated"}:
        return []
    return answers(world, chosen, "survey_by_touchpoint")[:LINKS_MOST]


def _answered(world: World, chosen: Selection, row: Row, class_: str) -> int:
    here = {"touchpoint": row["touchpoint"], "stage": row["stage"] or "", "is_simulated": row["is_simulated"]}
    kpi = {name: row[name] for name in ("kpi", "variant", "scope")}
    (found,) = world.view("journeys_of_answers", chosen, as_of=chosen.as_of, count=1, answers=class_, **here, **kpi)
    return int(found["count"])
