"""Numbers of the plain views of `journey`, under the same selection as conditions on their columns."""

from __future__ import annotations

from tests.support.contradictions.page import (
    FUNNEL,
    FUNNEL_COUNTS,
    KPI,
    Numbers,
    answered_behind_links,
    answers,
    cells,
    key_of,
    summed,
)
from tests.support.contradictions.selecting import Selection
from tests.support.contradictions.world import Row, World

ANSWER_COLUMNS = ("n", "n_positive", "n_negative")


def where(chosen: Selection, day: str) -> str:
    """The selection as SQL; `day` is the column of the local day."""
    conditions = [
        f"map = {_quoted(chosen.map)} AND map_version = {chosen.map_version}",
        f"{day} BETWEEN '{chosen.period.first}' AND '{chosen.period.last}'",
    ]
    for key, values in chosen.filters.items():
        conditions.append(f"ifNull(toString({key}), '') IN ({', '.join(map(_quoted, values))})")
    return " AND ".join(conditions)


def of_map(chosen: Selection) -> str:
    """The map as SQL."""
    return f"map = {_quoted(chosen.map)} AND map_version = {chosen.map_version}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def events(world: World, chosen: Selection) -> Numbers:
    query = (
        "SELECT touchpoint, stage, channel, is_simulated, sum(events) AS events FROM journey.kpi_volume_1d "
        f"WHERE {where(chosen, 'bucket')} GROUP BY ALL"
    )
    return summed(world.sql(query), "events", "touchpoint", "stage", "channel", "is_simulated")


def events_by_hour(world: World, chosen: Selection) -> Numbers:
    query = (
        "SELECT touchpoint, stage, channel, is_simulated, sum(events) AS events FROM journey.kpi_volume_1h "
        f"WHERE {of_map(chosen)} GROUP BY ALL"
    )
    return summed(world.sql(query), "events", "touchpoint", "stage", "channel", "is_simulated")


def facts(world: World, chosen: Selection) -> Numbers:
    """Persons and journeys by touchpoint and stage, counted over the events."""
    query = f"""SELECT touchpoint, stage, uniqExact(person) AS persons,
        uniqExactIf((person, cycle), isNotNull(person) AND isNotNull(cycle)) AS journeys
    FROM journey.attachments WHERE {where(chosen, "local_date")} AND isNotNull(person) GROUP BY touchpoint, stage"""
    return cells(world.sql(query), ("persons", "journeys"), "touchpoint", "stage")


def unmapped(world: World, chosen: Selection) -> Numbers:
    return summed(world.sql("SELECT touchpoint, events FROM journey.unmapped"), "events", "touchpoint")


def persons_of_day(world: World, chosen: Selection) -> Numbers:
    return _persons(world, "kpi_persons_1d", chosen)


def persons_of_week(world: World, chosen: Selection) -> Numbers:
    return _persons(world, "kpi_persons_1w", chosen)


def persons_of_month(world: World, chosen: Selection) -> Numbers:
    return _persons(world, "kpi_persons_1mo", chosen)


def _persons(world: World, view: str, chosen: Selection) -> Numbers:
    query = f"SELECT persons, journeys FROM journey.{view} WHERE {of_map(chosen)} AND bucket = '{chosen.period.first}'"
    rows = world.sql(query)
    return dict(rows[0]) if rows else {"persons": 0, "journeys": 0}


def persons_of_day_by_touchpoint(world: World, chosen: Selection) -> Numbers:
    return _persons_by(world, chosen, "touchpoint")


def persons_of_day_by_stage(world: World, chosen: Selection) -> Numbers:
    return _persons_by(world, chosen, "stage")


def _persons_by(world: World, chosen: Selection, grain: str) -> Numbers:
    query = (
        f"SELECT {grain}, persons, journeys FROM journey.kpi_persons_{grain}_1d "
        f"WHERE {of_map(chosen)} AND bucket = '{chosen.period.first}' AND isNotNull({grain})"
    )
    return cells(world.sql(query), ("persons", "journeys"), grain)


def page_of_day_by_touchpoint(world: World, chosen: Selection) -> Numbers:
    return _page_by(world, chosen, "touchpoint")


def page_of_day_by_stage(world: World, chosen: Selection) -> Numbers:
    return _page_by(world, chosen, "stage")


def _page_by(world: World, chosen: Selection, grain: str) -> Numbers:
    found: Numbers = {}
    for name in sorted({row[grain] for row in world.view("volume_by_touchpoint", chosen) if row[grain]}):
        here = world.view("persons_by_touchpoint", chosen, as_of=chosen.as_of, **{grain: name})
        total = [row | {grain: name} for row in here if row["touchpoint"] is None]
        found |= cells([row for row in total if row["persons"]], ("persons", "journeys"), grain)
    return found


def revenue(world: World, chosen: Selection) -> Numbers:
    query = (
        "SELECT touchpoint, stage, currency, is_simulated, toFloat64(sum(amount)) AS amount FROM journey.kpi_revenue_1d "
        f"WHERE {where(chosen, 'bucket')} GROUP BY ALL"
    )
    return summed(world.sql(query), "amount", "touchpoint", "stage", "currency", "is_simulated")


def paid(world: World, chosen: Selection) -> Numbers:
    """Amounts of the list of orders, which is of the default map: its map is no condition."""
    conditions = where(chosen, "local_date").partition(" AND map_version = ")[2].partition(" AND ")[2]
    query = (
        "SELECT touchpoint, stage, currency, is_simulated, toFloat64(sum(amount)) AS amount FROM journey.attachments "
        "INNER JOIN (SELECT source, event_id, amount, currency FROM journey.orders WHERE isNotNull(currency)) AS orders "
        "USING (source, event_id) "
        f"WHERE {of_map(chosen)} AND {conditions} GROUP BY ALL"
    )
    return summed(world.sql(query), "amount", "touchpoint", "stage", "currency", "is_simulated")


def scores(world: World, chosen: Selection) -> Numbers:
    return _scores(world, "kpi_survey_1d", where(chosen, "bucket"))


def scores_by_hour(world: World, chosen: Selection) -> Numbers:
    return _scores(world, "kpi_survey_1h", of_map(chosen))


def scores_by_week(world: World, chosen: Selection) -> Numbers:
    return _scores(world, "kpi_survey_1w", of_map(chosen))


def scores_by_month(world: World, chosen: Selection) -> Numbers:
    return _scores(world, "kpi_survey_1mo", of_map(chosen))


def _scores(world: World, view: str, condition: str) -> Numbers:
    sums = ", ".join(f"sum({name}) AS {name}" for name in ANSWER_COLUMNS)
    query = f"SELECT kpi, variant, scope, is_simulated, {sums} FROM journey.{view} WHERE {condition} GROUP BY ALL"
    return cells(world.sql(query), ANSWER_COLUMNS, *KPI)


def scores_of_page(world: World, chosen: Selection) -> Numbers:
    return cells(answers(world, chosen, "survey_total"), ANSWER_COLUMNS, *KPI)


def answered(world: World, chosen: Selection) -> Numbers:
    """Journeys that the answers behind a KPI are about: of each the last one that had begun."""
    scored = f"""SELECT
        person, about_time, touchpoint, ifNull(stage, '') AS stage, kpi, variant, scope, is_simulated, n_positive, n_negative
    FROM journey_api.kpi_survey_1d_events
    INNER JOIN (SELECT source, event_id, about_time FROM journey.answers) AS asked USING (source, event_id)
    WHERE {where(chosen, "bucket")} AND isNotNull(person)"""
    rows = world.sql(
        f"""SELECT touchpoint, stage, kpi, variant, scope, is_simulated,
        uniqExact(who) AS all, uniqExactIf(who, n_positive = 1) AS good, uniqExactIf(who, n_negative = 1) AS bad,
        uniqExactIf(who, n_positive = 0 AND n_negative = 0) AS neutral
    FROM
    (
        SELECT answered.*, (person, cycle) AS who
        FROM ({scored}) AS answered
        ASOF INNER JOIN (SELECT person, cycle, started_at FROM journey.journeys WHERE {of_map(chosen)}) AS journeys
        ON answered.person = journeys.person AND answered.about_time >= journeys.started_at
    )
    GROUP BY ALL"""
    )
    found: Numbers = {}
    shown = {key for key, _ in answered_behind_links(world, chosen)}
    for row in rows:
        key = key_of(row, "touchpoint", "stage", *KPI)
        if key in shown:
            found |= {(key, name): row[name] for name in ("all", "good", "neutral", "bad")}
    return found


PASSED = (*FUNNEL_COUNTS, "rate", "ci_low", "ci_high")


def funnel(world: World, chosen: Selection) -> Numbers:
    return cells(world.sql(f"SELECT * FROM journey.funnel_stage WHERE {of_map(chosen)}"), PASSED, "stage")


def funnel_of_page(world: World, chosen: Selection) -> Numbers:
    return cells(world.view(FUNNEL, chosen, as_of=chosen.as_of, mode="in_order"), PASSED, "stage")


def newest(world: World) -> str:
    """From when the marts look: the end of the hour of the newest event."""
    (row,) = world.sql("SELECT max(bucket) + toIntervalHour(1) AS moment FROM journey.kpi_volume_1h")
    return f"{row['moment']:%Y-%m-%dT%H:%M:%S}"


WAITS = ("n_followed", "n_open", "n_last", "p50_seconds", "p90_seconds")


def waits(world: World, chosen: Selection) -> Numbers:
    query = (
        f"SELECT value, {', '.join(WAITS)} FROM journey.kpi_dwell WHERE {of_map(chosen)} AND level = '{chosen.level}'"
    )
    return cells(world.sql(query), WAITS, "value")


def waits_of_page(world: World, chosen: Selection) -> Numbers:
    return cells(world.view("waits", chosen, as_of=newest(world), by=chosen.level), WAITS, "value")


def journeys(world: World, chosen: Selection) -> Numbers:
    query = f"SELECT count() AS journeys, countIf(isNotNull(converted_at)) AS conversions FROM journey.journeys WHERE {of_map(chosen)}"
    return dict(world.sql(query)[0])


def days_of_map(world: World, chosen: Selection) -> Numbers:
    rows = world.sql(f"SELECT first_day, last_day, events FROM journey.map_days WHERE {of_map(chosen)}")
    return {name: str(value) for name, value in rows[0].items()}


def days_of_page(world: World, chosen: Selection) -> Numbers:
    placed = sum(row["events"] for row in world.view("volume_by_touchpoint", chosen) if row["stage"])
    return {"first_day": str(chosen.period.first), "last_day": str(chosen.period.last), "events": str(placed)}


GLANCE = ("events", "persons", "journeys", "drop_off", "drop_off_low", "drop_off_high", "revenue")
GLANCE_KPI = (
    "n",
    "value",
    "ci_low",
    "ci_high",
    "n_before",
    "value_before",
    "change",
    "change_low",
    "change_high",
    "target",
)


def glance(world: World, chosen: Selection) -> Numbers:
    rows = world.sql("SELECT * FROM journey.touchpoint_glance")
    found = cells([row for row in rows if row["kpi"]], GLANCE_KPI, "touchpoint", "stage", *KPI)
    for row in rows:
        place = key_of(row, "touchpoint", "stage")
        found |= {(place, name): _number(row[name]) for name in GLANCE}
    return found


def glance_of_page(world: World, chosen: Selection) -> Numbers:
    found = cells(world.view("survey_by_touchpoint", chosen), GLANCE_KPI, "touchpoint", "stage", *KPI)
    places: dict[tuple[object, ...], Row] = {}
    for row in world.view("volume_by_touchpoint", chosen):
        here = places.setdefault(key_of(row, "touchpoint", "stage"), dict.fromkeys(GLANCE))
        here["events"] = (here["events"] or 0) + row["events"]
    for row in world.view("persons_by_touchpoint", chosen, as_of=chosen.as_of):
        if row["touchpoint"] is not None:
            own = {"drop_off_low": row["ci_low"], "drop_off_high": row["ci_high"]}
            places[key_of(row, "touchpoint", "stage")] |= own | {
                name: row[name] for name in ("persons", "journeys", "drop_off")
            }
    paid_at: dict[tuple[object, ...], dict[str, float]] = {}
    for row in world.view("revenue_by_touchpoint", chosen):
        sums = paid_at.setdefault(key_of(row, "touchpoint", "stage"), {})
        sums[row["currency"]] = sums.get(row["currency"], 0) + float(row["amount"])
    for place, sums in paid_at.items():
        places[place]["revenue"] = next(iter(sums.values())) if len(sums) == 1 else None
    return found | {(place, name): _number(row[name]) for place, row in places.items() for name in GLANCE}


def _number(value: object) -> object:
    return None if value is None else float(str(value))
